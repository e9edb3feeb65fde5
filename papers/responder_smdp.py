"""The responder paper (Control Theory and Technology 15(1), 2017): what can be reproduced, what is lost, and a finding on its objective.

python papers/responder_smdp.py

The article's matrices, equations and tables are figures that the text at hand does not have. Printed are: the numbers that are left
against those computed from the packaged instances; the inputs of all ten cases, and policies and rho under our reconstruction of what is
lost; and what the objective, hazard an hour, does where there are no dominoes. Policies are written as in the paper: agency 1 (local) or
2 (central) of states 1 to 8, of which state 1, stable, has no choice.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from quakeops.instances import FixedResponder, Responder, ResponderScenario, load
from quakeops.instances.responder_cases import CASES, case
from quakeops.scenario_gen.responder_reconstruction import PUBLISHED, all_policies

LOST = (
    "equations 1 to 6 (rebuilt from the words beside them; how alpha splits the hazard of the travel is our reading)",
    "start probabilities, domino matrices D1 and D2, the numbers of states 2-7 and 9-15",
    "hazard scale II, but for 'increase, but are not powers of 2'; response times of cases 9 and 10; which scale these two have",
    "every rho; the policies of cases 2 to 10; Tables 4 to 6",
)


def main() -> None:
    """Print all."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    case_1 = case(1)
    print("Reproduced (printed in the paper, computed here)")
    for what, printed, computed in reproduced(case_1):
        print(f"  {what:<32} {printed:>20} {computed:>20}  {'same' if printed == computed else 'DIFFERENT'}")
    print("  (the policy by choice: starts and dominoes were drawn until it was the only best)")
    print("\nLost")
    for what in LOST:
        print(f"  {what}")
    print()
    print_inputs()
    print_policies()
    print_finding(case_1)
    print_alpha(case_1)


def reproduced(instance: Responder) -> list[tuple[str, str, str]]:
    """Return what is printed for case 1: what, the paper's number, ours."""
    times = {a.name: a.response_times_h for a in instance.agencies}
    rows = []
    for item in instance.published.response_times if instance.published else []:
        computed = sum(times[item.agency][phi] for phi in item.state)
        number = {3: 8, 4: 16}[len(item.state)]
        rows.append((f"RT({number}, {item.agency}), hours", f"{item.hours:g}", f"{computed:g}"))
    found = best(nominal(instance))[0]
    return [*rows, ("policy of case 1", in_words(PUBLISHED), in_words(found))]


def nominal(instance: Responder) -> ResponderScenario:
    """Return the scenario of an instance's own numbers."""
    return FixedResponder.nominal(instance).scenario(0)


def best(scenario: ResponderScenario) -> tuple[tuple[int, ...], float, float]:
    """Return the best policy of all, its rho, and how much worse the second is, as a share, by brute force."""
    policies, rho = all_policies(scenario.start, scenario.time, scenario.cost)
    return tuple(policies[0].tolist()), float(rho[0]), float(rho[1] / rho[0] - 1)


def rate(scenario: ResponderScenario, policy: Sequence[int]) -> float:
    """Return the hazard an hour of a policy."""
    states = np.arange(len(policy))
    return float(scenario.start @ scenario.cost[states, policy]) / float(scenario.start @ scenario.time[states, policy])


def in_words(policy: Sequence[int]) -> str:
    """Return a policy as the paper writes it."""
    return "<" + ",".join(str(a) for a in (1, *(a + 1 for a in policy))) + ">"


def print_inputs() -> None:
    """Print what is left of the inputs of the ten cases."""
    base = load("responder-case-1")
    local, central = ({i: f"{h:g}" for i, h in a.response_times_h.items()} for a in base.agencies)
    print("Inputs of the ten cases (published; '-' is lost, '?' is not sure)")
    print(f"  cases 1-8: T1 = {', '.join(f'{i} {h}' for i, h in local.items())} h; alpha 0.5")
    print(f"  T2 = {', '.join(f'{i} {h}' for i, h in central.items() if i != 'FL')} h, and T2(FL):")
    print(f"  {'case':>4} {'TT(1), h':>9} {'TT(2), h':>9} {'T2(FL), h':>9} {'scale':>6}")
    for c in CASES:
        scale = c.scale if c.scale_is_sure else "?"
        flood = "-" if c.flood_h is None else f"{c.flood_h:g}"
        print(f"  {c.number:4d} {c.travel_h[0]:9g} {c.travel_h[1]:9g} {flood:>9} {scale:>6}")


def print_policies() -> None:
    """Print the best policy and rho of each case with what is reconstructed."""
    print("\nPolicies and rho UNDER OUR RECONSTRUCTION of starts, dominoes, scale II (cases 5-8, 10) and response times (9, 10);")
    print("of these the paper's text still has the policy of case 1 alone")
    print(f"  {'case':>4} {'policy':>19} {'rho':>9} {'second worse by':>16}")
    for c in CASES:
        policy, rho, margin = best(nominal(case(c.number)))
        print(f"  {c.number:4d} {in_words(policy):>19} {rho:9.4f} {100 * margin:14.2f} %")


def without_dominoes(instance: Responder) -> Responder:
    """Return the instance with D = I: what an agency finds is what the event left."""
    return instance.model_copy(update={"dominoes": []})


def print_finding(instance: Responder) -> None:
    """Print what each state prefers without dominoes, and why."""
    source = FixedResponder.nominal(without_dominoes(instance))
    scenario, hazard = source.scenario(0), source.layout.total_hazard
    policy, rho, _ = best(scenario)
    print("\nFinding: hazard an hour rewards being slow where hazard is low")
    print("By renewal-reward the best policy minimises sum_i' D(i,a,i') (cost - rho* time) in every state.")
    print(f"Case 1 without dominoes (D = I): that is (TH - rho*) (TT + RT), rho* = {rho:.4f};")
    print("a state with TH < rho* prefers the agency that takes LONGER.")
    print(f"  {'state':<9} {'TH':>4} {'hours, 1':>9} {'hours, 2':>9} {'test, 1':>9} {'test, 2':>9}  sent")
    for i, name in enumerate(source.states):
        t, test = scenario.time[i], (hazard[i] - rho) * scenario.time[i]
        slow = "slower" if policy[i] == int(t.argmax()) else "faster"
        print(f"  {name:<9} {hazard[i]:4g} {t[0]:9.1f} {t[1]:9.1f} {test[0]:9.2f} {test[1]:9.2f}  {policy[i] + 1}, the {slow}")
    event = scenario.cost.argmin(axis=1).tolist()
    for what, chosen in (("least hazard an hour", policy), ("least hazard an event", event), ("the published policy", PUBLISHED)):
        print(f"  {what:<22} {in_words(chosen)}  rho {rate(scenario, chosen):.4f}, {per_event(scenario, chosen):.2f} an event")
    print("So with D = I the published policy is impossible. It sends the faster agency to GL, which takes rho* <= TH = 2, but rho*")
    print("is a mean of hazards of which 2 is the least: rho* > 2 as soon as another state can occur, however rarely:")
    for share in (0.9, 0.99, 0.9999):
        policy, rho, _ = best(mostly_first(scenario, share))
        print(f"  p(GL) = {share:<7g} rho* = {rho:8.5f}  {in_words(policy)}")
    print("(That states 2 and 3 are GL and FR is our reconstruction.) Dominoes make it possible: 0.6 % of our draws have it as only best.")
    print_slower(instance)


def mostly_first(scenario: ResponderScenario, share: float) -> ResponderScenario:
    """Return the scenario with this probability of the first state; the others keep their proportions."""
    start = scenario.start * (1 - share) / (1 - scenario.start[0])
    start[0] = share
    return replace(scenario, start=start)


def per_event(scenario: ResponderScenario, policy: Sequence[int]) -> float:
    """Return the hazard of a mean event."""
    return float(scenario.start @ scenario.cost[np.arange(len(policy)), policy])


def print_slower(instance: Responder) -> None:
    """Print what happens when the local agency travels longer, dominoes and all."""
    print("\nCase 1 with its (reconstructed) dominoes, the local agency later by")
    for later in (0.0, 10.0, 100.0):
        local = instance.agencies[0]
        slow = local.model_copy(update={"travel_time_h": local.travel_time_h + later})
        scenario = nominal(instance.model_copy(update={"agencies": [slow, *instance.agencies[1:]]}))
        policy, rho, _ = best(scenario)
        print(f"  {later:5g} h: {in_words(policy)}, rho* {rho:7.4f}, hazard of an event {per_event(scenario, policy):8.2f}")
    print("With --model-arg objective=event it never pays to be late.")


def print_alpha(instance: Responder) -> None:
    """Print the limits of alpha: the hazard of the travel is what is found (0) or what was left (1)."""
    print("\nLimits of alpha, case 1 under our reconstruction (dominoes only add, so rho falls with alpha; with D = I it plays no part)")
    print(f"  {'alpha':>5} {'policy':>19} {'rho':>9} {'rho, D = I':>11}")
    for alpha in (0.0, 0.5, 1.0):
        there = instance.model_copy(update={"alpha": alpha})
        policy, rho, _ = best(nominal(there))
        print(f"  {alpha:5g} {in_words(policy):>19} {rho:9.4f} {best(nominal(without_dominoes(there)))[1]:11.4f}")


if __name__ == "__main__":
    main()
