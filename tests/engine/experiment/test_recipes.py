"""The recipes: all can be started, and what they say about the paper is what the paper says."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refused
from engine.experiment.recipes import FOLDER, Recipe, Reported, all_recipes, find
from engine.experiment.schema import Experiment
from engine.experiment.validate import check

RECIPES = all_recipes()
MODELS = {
    "VGG16-BN": "vgg16-bn",  # for CIFAR with the layers of the authors' code
    "ResNet-18": "resnet18",
    "ResNet-50": "resnet50",
    "WRN-28-10": "wrn-28-10",
    "ViT-S": "vit-s",
    "ViT-S/32": "vit-s32",
}
"""How the tables call a model, and how the names of recipes do."""


def filled(recipe: Recipe) -> Experiment:
    """The experiment of a recipe, with something in each field that it needs."""
    return recipe.experiment(*(f"{field}=/somewhere" for field in recipe.needs))


def below(folder: str) -> dict[str, Reported | None]:
    return {name: recipe.paper for name, recipe in RECIPES.items() if name.startswith(f"{folder}/")}


@pytest.fixture(scope="module")
def paper(shared: Path) -> str:
    (text,) = (shared / "paper").glob("*.txt")
    return text.read_text(encoding="utf-8")


def table(text: str, number: int) -> list[list[str]]:
    """The rows under the heading of a table: cells part at tabs, and an empty first cell repeats the one above."""
    _, _, rest = text.partition(f"\nTable {number}: ")
    lines = rest.split("\n\n")[1].splitlines()[1:]
    rows: list[list[str]] = []
    for line in lines:
        first, *cells = (re.sub(r"</?[bu]>", "", cell).strip() for cell in line.split("\t"))
        rows.append([first or rows[-1][0], *cells])
    return rows


def reported(number: int, accuracy: str, *multiples: str) -> Reported:
    """What a row says, from cells such as 81.38±0.12 and 2×."""
    mean, _, sd = accuracy.partition(" ")[0].partition("±")
    flops, time = (float(cell.removesuffix("×")) for cell in multiples) if multiples else (None, None)
    return Reported(table=str(number), accuracy=float(mean), sd=float(sd) if sd else None, flops=flops, time=time)


def test_table_2_is_complete_and_right(paper: str) -> None:
    rows = table(paper, 2)
    expected = {
        f"table2/{data}/{MODELS[row[0]]}/{row[1].lower()}": reported(2, row[column], row[4], row[5])
        for row in rows
        for data, column in (("cifar10", 2), ("cifar100", 3))
    }
    assert len(expected) == 48
    assert below("table2") == expected


def test_table_3_is_complete_and_right(paper: str) -> None:
    expected = {f"table3/{MODELS[row[0]]}/{row[1].lower()}": reported(3, *row[2:]) for row in table(paper, 3)}
    assert len(expected) == 24
    assert below("table3") == expected


def test_table_4_is_complete_and_right(paper: str) -> None:
    rows = table(paper, 4)
    expected = {
        f"table4/{row[0].lower()}-{batches}": reported(4, row[column])
        for row in rows
        for batches, column in (("same", 1), ("different", 2))
    }
    assert len(expected) == 4
    assert below("table4") == expected


def test_table_1_repeats_resnet50_of_table_3(paper: str) -> None:
    for row in table(paper, 1):
        method = row[0].lower().replace("awp", "sam")
        of_table_3 = find(f"table3/resnet50/{method}").paper
        assert of_table_3 is not None
        assert (of_table_3.flops, of_table_3.time, of_table_3.accuracy) == tuple(float(c.removesuffix("×")) for c in row[3:])


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_started_and_says_what_it_is(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    experiment = filled(recipe)
    if not recipe.needs:
        check(experiment, tmp_path)
    assert recipe.title
    assert recipe.text.endswith(".")
    assert recipe.look_at.endswith(".")
    assert experiment.seeds == (3 if recipe.paper and recipe.paper.sd is not None else 1)


@pytest.mark.parametrize("name", RECIPES)
def test_a_name_is_a_slug_and_tells_what_is_trained(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*)*", name)
    experiment = filled(RECIPES[name])
    match name.split("/"):
        case ["table2", data, model, method]:
            told = [experiment.data.name, experiment.model.name.removesuffix("-authors"), _method_called(experiment)]
            assert told == [data, model, method]
        case ["table3", model, method]:
            told = [experiment.data.name, experiment.model.name, _method_called(experiment)]
            assert told == ["imagenet", f"{model}-224", method]
        case ["table4", row]:
            assert f"{experiment.method.name}-{experiment.method.model_dump()['batches']}" == row
        case ["figure4", data, changed] if changed != "default":
            field, _, value = changed.partition("-")
            assert (experiment.data.name, experiment.method.model_dump()[field]) == (data, float(value))
        case ["figure3", method, changed]:
            assert f"{experiment.method.name}/sigma-{experiment.method.model_dump()['sigma']:g}" == f"{method}/{changed}"


def _method_called(experiment: Experiment) -> str:
    """The method as a table calls it: plain training has the name of its optimizer there."""
    return experiment.optimizer.name if experiment.method.name == "sgd" else experiment.method.name


CIFAR_RHO = {("cifar10", "vgg16-bn-authors"): 0.05, ("cifar100", "vgg16-bn-authors"): 0.1, "cifar10": 0.1, "cifar100": 0.2}


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith(("table2", "table4", "figure"))])
def test_cifar_settings_are_those_of_section_6_and_appendix_e(name: str) -> None:
    experiment = RECIPES[name].experiment()
    data, model, optimizer = experiment.data, experiment.model.name, experiment.optimizer.model_dump()
    assert (experiment.schedule.batch_size, experiment.schedule.lr) == (256, "cosine")
    vit = model == "vit-s"
    assert experiment.schedule.epochs == (400 if vit else 200)
    assert data.augmentation == ("randaugment" if vit else "standard")
    if vit:
        assert data.magnitude == 14
        assert experiment.method.model_dump().get("position_embeddings", "authors") == "authors"
        assert optimizer == {"name": "adam", "lr": 1e-4, "weight_decay": 0.0, "clip_norm": None}
    else:
        assert optimizer == {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3, "clip_norm": None}
    rho = 0.05 if vit else CIFAR_RHO.get((data.name, model), CIFAR_RHO[data.name])
    sigma = (0.001, 0.002) if vit else (0.01, 0.015)
    if name.startswith(("table", "figure5")):
        assert _method_settings(experiment) == _expected(experiment.method.name, rho, sigma)


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith("table3")])
def test_imagenet_settings_are_those_of_section_6_and_appendix_e(name: str) -> None:
    experiment = filled(RECIPES[name])
    optimizer, schedule = experiment.optimizer.model_dump(), experiment.schedule
    vit = experiment.model.name == "vit-s32-224"
    assert (schedule.epochs, schedule.batch_size, schedule.lr) == ((300, 4096, "cosine") if vit else (90, 256, "cosine"))
    if vit:
        assert experiment.method.model_dump().get("position_embeddings", "authors") == "authors"
        assert (optimizer["name"], optimizer["weight_decay"]) == ("adamw", 0.3)
    else:
        assert optimizer == {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "clip_norm": None}
    sigma = (0.005, 0.01) if vit else (0.003, 0.005)
    assert _method_settings(experiment) == _expected(experiment.method.name, 0.05, sigma)
    assert experiment.method.model_dump().get("m_sharpness") == (128 if experiment.method.name == "sam" else None)


SHOWN = ("rho", "sigma", "sigma_schedule", "lambda", "eta", "beta")


def _method_settings(experiment: Experiment) -> dict[str, Any]:
    return {key: value for key, value in experiment.method.model_dump().items() if key in SHOWN}


def _expected(method: str, rho: float, sigma: tuple[float, float]) -> dict[str, Any]:
    if method in ("sgd", "sam"):
        return {"rho": rho} if method == "sam" else {}
    mixed = method.startswith("m-")
    return {
        "sigma": sigma[mixed],
        "sigma_schedule": "constant" if mixed else "cosine-increase",
        **({"lambda": 0.5} if mixed else {}),
        **({"eta": 0.1, "beta": 0.99} if method.endswith("arwp") else {}),
    }


def test_there_is_a_recipe_for_each_figure_a_demo_and_a_lab_for_each_idea() -> None:
    kinds = {"/".join(name.split("/")[:2]) if name.startswith("lab") else name.split("/")[0] for name in RECIPES}
    labs = {f"lab/{name}" for name in ("trade-off", "mixing", "adaptive", "boundary", "collapse", "late-sam")}
    assert kinds >= {"demo", *labs, *(f"figure{number}" for number in range(1, 6))}


def test_no_row_hides_another() -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = Counter(key for key, _ in pairs)
        assert max(keys.values(), default=1) == 1, keys.most_common(1)
        return dict(pairs)

    files = [json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique) for path in FOLDER.rglob("*.json")]
    assert sum(len(file.get("rows", [None])) for file in files) == len(RECIPES)
    assert len({recipe.title for recipe in RECIPES.values()}) == len(RECIPES)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("table2/cifar100/resnet18/m-arpw", "Choose one of table2/cifar100/resnet18/m-arwp"),
        ("lab/mixing", "Choose one of lab/mixing/lambda-0, lab/mixing/lambda-0.25"),
        ("../../../etc/passwd", "See `rwp-studio recipe list`"),
        ("", "See `rwp-studio recipe list`"),
        ("x" * 100_000, "See `rwp-studio recipe list`"),
    ],
)
def test_an_unknown_name_is_refused_with_those_near_it(name: str, cure: str) -> None:
    with pytest.raises(Refused) as refused:
        find(name)
    (problem,) = refused.value.problems
    assert problem.cure.startswith(cure)
    assert len(problem.what) < 100


def test_what_only_the_person_knows_is_asked_for() -> None:
    with pytest.raises(Refused) as refused:
        find("table3/resnet50/sam").experiment("seed=1")
    (problem,) = refused.value.problems
    assert problem.field == "data.path"
    assert "folder of ImageNet" in problem.cure
    elsewhere = ("data.name=cifar10", "model.name=resnet50")
    assert find("table3/resnet50/sam").experiment(*elsewhere).data.name == "cifar10"


def test_another_method_takes_over_the_fields_it_has() -> None:
    demo = find("demo")
    assert demo.experiment("method.name=rwp").method.model_dump()["sigma"] == demo.config["method"]["sigma"]
    assert demo.experiment("method.name=sgd").method.name == "sgd"
    with pytest.raises(Refused, match=r"method\.sigma: is not a field here"):
        demo.experiment("method.name=sgd", "method.sigma=0.1")


def test_recipes_do_without_torch() -> None:
    code = "import sys; from engine.experiment.recipes import all_recipes; all_recipes(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
