"""Optimization models, one file per problem: the algebra first, the mpi-sppy scenario-module protocol last."""

MODELS = {
    "prepositioning": "prepositioning",
    "deployment": "deployment",
    "retrofit": "retrofit",
    "responder-smdp": "responder_smdp",
    "routing": "routing",
    "triage": "triage",
}
"""Models of the command line: name -> module of this package."""
