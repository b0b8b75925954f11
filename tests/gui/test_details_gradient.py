"""The way of a gradient in Details: a station in each line, from the loss back."""

from torchloupe.gui.details.gradient import MOST_STATIONS, gradient_section
from torchloupe.wire.problems import Problem


def way(**path: object) -> Problem:
    return Problem(
        "weight-not-moved", "", line=7, data={"gradient_path": {"arrives": [], "ends_at": "detach", "unreached": [], **path}}
    )


def told(problem: Problem) -> list[tuple[str, str]]:
    return [(fact.name, fact.value) for fact in gradient_section(problem).facts]


def test_that_stations_read_from_the_loss_over_the_cut_to_what_is_never_reached() -> None:
    problem = way(arrives=["the loss", "head"], unreached=["norm", "stem"])
    assert told(problem) == [
        ("Arrives", "the loss"),
        ("", "head"),
        ("✂ Ends at", "detach, line 7"),
        ("Never reaches", "norm"),
        ("", "stem"),
    ]


def test_that_layers_lead_to_the_tree_and_what_is_no_layer_does_not() -> None:
    facts = gradient_section(way(arrives=["the loss", "blocks.2.norm"])).facts
    assert [fact.link for fact in facts] == ["", "module:blocks.2.norm", ""]


def test_that_of_a_long_way_the_ends_are_shown() -> None:
    names = [name for _, name in told(way(unreached=[f"l{number}" for number in range(30)]))]
    assert len(names) == MOST_STATIONS + 2
    assert "… 22 more …" in names
    assert names[-1] == "l29"
    assert len(told(way(unreached=[f"l{number}" for number in range(9)]))) == 10


def test_that_without_a_way_there_is_no_section() -> None:
    assert gradient_section(Problem("x", "")).facts == ()
    assert gradient_section(Problem("x", "", data={"gradient_path": "odd"})).facts == ()
    assert told(way(arrives="odd")) == [("✂ Ends at", "detach, line 7")]
