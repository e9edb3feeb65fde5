r"""The governance risk functional as a torch module, for any backbone with four logits (softmax) or three (free sigmoids).

The formulas, numbers and signs are those of ``recognition.risk`` (eq. 1-8 of SeisRank-Ord), with autograd in place of written gradients:
values and gradients agree with ``risk_of_logits``. Logits keep their device and their precision, but half precision is raised to single.

A batch is one set of buildings: the pairwise term compares the buildings of the batch alone, so its value depends on how a set is cut.
"""

from __future__ import annotations

from ....errors import InputError
from ....instances.grade_checks import NUM_GRADES, SEVERE, checked_grades, checked_rows
from ...plausible import within
from ..parameters import RiskParameters
from ..risk import LOG_FLOOR, asymmetric_costs
from .heads import num_logits, read
from .hinge import pairwise_hinge
from .torch_extra import torch

Terms = dict[str, torch.Tensor]

NO_RISK = RiskParameters(ordinal=0, asymmetric=0, pairwise=0, brier=0)
"""All four terms left out."""


class GovernanceRisk(torch.nn.Module):
    """Eq. 7 of a batch, plus ``cross_entropy`` times the mean of -ln p_y: ``module(logits, grades)`` returns the scalar.

    Parameters
    ----------
    parameters
        Of the functional; default parameters where none are given.
    head
        ``softmax`` for logits (n, 4), ``sigmoid`` for (n, 3).
    cross_entropy
        Weight of the mean cross-entropy, 0 or more.
    check
        Look at each batch: grades outside 0..3 and logits that are not finite become an InputError that names the row. On a GPU this waits
        for the device, so a loop that has checked its grades once and watches its losses may turn it off; shapes are checked either way.
    """

    def __init__(
        self, parameters: RiskParameters | None = None, *, head: str = "softmax", cross_entropy: float = 0.0, check: bool = True
    ) -> None:
        super().__init__()
        within("cross_entropy", cross_entropy, 0, 1e9)
        q = parameters or RiskParameters()
        weights = {"ordinal": q.ordinal, "asymmetric": q.asymmetric, "pairwise": q.pairwise, "brier": q.brier * q.lambda_reg}
        weights["cross_entropy"] = cross_entropy
        self.parameters_of_risk, self.head, self.check = q, head, check
        self.weights = {name: weight for name, weight in weights.items() if weight or (name == "brier" and q.brier)}
        self.num_logits = num_logits(head)
        self.sides: tuple[torch.Tensor, ...] = ()
        self.register_buffer("costs", torch.as_tensor(asymmetric_costs(q.alpha)), persistent=False)

    def forward(self, logits: torch.Tensor, grades: torch.Tensor) -> torch.Tensor:
        """Return the objective of logits (n, 4) or (n, 3) and grades (n,) of integers, as a scalar.

        Raises
        ------
        InputError
            Shapes that do not fit, grades that are not integers, and with ``check`` a bad row.
        """
        return self.weighted(self.terms(logits, grades))

    def terms(self, logits: torch.Tensor, grades: torch.Tensor) -> Terms:
        """Return the terms with a weight above 0, before weights and lambda_reg, each a scalar; InputError as in :meth:`forward`."""
        self._check_batch(logits, grades)
        z = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
        y, q, n = grades.long(), self.parameters_of_risk, len(grades)
        severe = y >= SEVERE
        self.sides = severe.sum(), n - severe.sum()
        out, found = read(z, self.head), {}
        p = out.probabilities
        if "ordinal" in self.weights:
            t = y[:, None] <= torch.arange(NUM_GRADES - 1, device=y.device)
            s = torch.cat([out.cumulative, torch.ones_like(p[:, :1])], dim=1)
            fall = torch.relu(-torch.diff(s, dim=1))
            found["ordinal"] = (q.lambda_mono * fall.square().sum() - torch.where(t, out.log_below, out.log_above).sum()) / n
        if "asymmetric" in self.weights:
            found["asymmetric"] = (self.costs.to(p)[y] * p).sum() / n
        if "pairwise" in self.weights:
            found["pairwise"] = pairwise_hinge(p[:, SEVERE:].sum(dim=1), severe, q.margin)
        if "brier" in self.weights:
            found["brier"] = (p - torch.nn.functional.one_hot(y, NUM_GRADES)).square().sum() / n
        if "cross_entropy" in self.weights:
            found["cross_entropy"] = cross_entropy(z, y, self.head)
        return found

    def weighted(self, terms: Terms) -> torch.Tensor:
        """Return the objective from its terms: (7), and the cross-entropy."""
        return sum(self.weights[name] * term for name, term in terms.items())

    @property
    def note(self) -> str | None:
        """Why the pairwise term of the last batch is 0 where one of its sides is empty, else None; asking waits for the device."""
        if not self.sides or "pairwise" not in self.weights:
            return None
        return note_of(*(int(side) for side in self.sides))

    def _check_batch(self, logits: torch.Tensor, grades: torch.Tensor) -> None:
        if logits.ndim != 2 or logits.shape[1] != self.num_logits or not len(logits) or not logits.is_floating_point():
            raise InputError(f"logits are {_told(logits)}: expected floating point (n, {self.num_logits}) with at least one row")
        if grades.shape != logits.shape[:1] or grades.is_floating_point() or grades.is_complex() or grades.dtype == torch.bool:
            raise InputError(f"grades are {_told(grades)}: expected integers ({len(logits)},)")
        if self.check:
            checked_rows("logits", logits.detach().double().cpu().numpy(), self.num_logits)
            checked_grades(grades.cpu().numpy(), len(logits))


class CrossEntropy(GovernanceRisk):
    """The baseline by the same interface: the mean of -ln p_y alone."""

    def __init__(self, *, head: str = "softmax", check: bool = True) -> None:
        super().__init__(NO_RISK, head=head, cross_entropy=1.0, check=check)


def note_of(severe: int, others: int) -> str | None:
    """Return what is to be said of a batch with so many severe and so many other buildings."""
    if severe and others:
        return None
    return f"{'every' if severe else 'no'} building is severe: the pairwise term is 0"


def cross_entropy(logits: torch.Tensor, grades: torch.Tensor, head: str = "softmax") -> torch.Tensor:
    """Return the mean of -ln p_y; with head ``sigmoid`` p is (h1) of ``recognition.heads``, from 1e-12 up."""
    if head == "softmax":
        return torch.nn.functional.cross_entropy(logits, grades)
    chosen = read(logits, head).probabilities.gather(1, grades[:, None])
    return -torch.log(torch.clamp(chosen, min=LOG_FLOOR)).mean()


def _told(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
