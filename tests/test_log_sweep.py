"""The playbook's sweep on logs: the same reading as of the runs themselves."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import stabsim as ss
from book.diagnose import page
from stabsim._settings import LANGUAGES
from stabsim._words import number
from stabsim.cli import app
from stabsim.logs import diagnose_log, read
from stabsim.logs.rates import rate_of
from stabsim.logs.sweep import read_sweep
from stabsim.workloads import residual_mlp
from tests.node import in_node


@pytest.fixture(scope="module")
def swept():
    """A real sweep of a workload whose upper rates fail; two seeds."""
    net = residual_mlp(depth=8, gain=1.2)

    def experiment(learning_rate, seed):
        return ss.simulate(net, ss.sgd(learning_rate), steps=120, batch_size=64, seed=seed)

    return ss.sweep(experiment, learning_rate=[2.0**k for k in range(-9, -1)], seed=range(2))


def written(folder, runs, name="lr{rate}-seed{seed}", column=True):
    """Each run of a sweep as a log of its own; returns their paths."""
    paths = []
    for rate in runs.learning_rate.to_numpy():
        for seed in runs.seed.to_numpy():
            path = folder / name.format(rate=rate, seed=seed) / "log.jsonl"
            path.parent.mkdir(parents=True)
            loss = runs.loss.sel(learning_rate=rate, seed=seed).to_numpy()
            extra = {"learning_rate": float(rate)} if column else {}
            with path.open("w") as file:
                for step, value in enumerate(loss):
                    file.write(json.dumps({"step": step, "loss": float(value), **extra}) + "\n")
            paths.append(path)
    return paths


def swept_logs(paths, source=None):
    logs = [read(path) for path in paths]
    readings = [diagnose_log(log) for log in logs]
    return read_sweep(logs, readings, [rate_of(log, source) for log in logs])


@pytest.mark.parametrize("source", ["log", "name"])
def test_logs_say_what_the_runs_say(swept, tmp_path, source):
    found = swept_logs(written(tmp_path, swept), source)
    right = ss.diagnose_sweep(swept)
    assert found.diagnosis.sentences("en") == right.sentences("en")
    np.testing.assert_allclose(found.diagnosis.objective, right.objective, rtol=1e-6)
    np.testing.assert_array_equal(found.diagnosis.feasible, right.feasible)
    assert found.left_out == 0
    assert not right.feasible.all()


def test_the_next_experiment_follows_the_reading(swept, tmp_path):
    paths = written(tmp_path, swept)
    whole = swept_logs(paths)
    assert whole.diagnosis.limited_by_instability
    ten = number(10 * whole.diagnosis.unstable_base_learning_rate, "en")
    assert f"warm up to {ten}, ten times" in whole.sentences("en")[-1]
    assert "10, 11 steps" in whole.sentences("en")[-1]
    low = swept_logs([path for path in paths if read(path).learning_rate.value.read(0, 1) < 0.01])
    assert low.diagnosis.best_at_boundary
    assert low.sentences("en")[-1].startswith("Next: sweep on beyond")
    assert low.sentences("id")[-1].startswith("Berikutnya: ")


def test_table_and_facts_name_each_run(swept, tmp_path):
    paths = written(tmp_path, swept)
    found = swept_logs(paths)
    table = found.table("en")
    assert table[0] == ["learning rate", "final loss", "verdict", "run"]
    assert len(table) == 1 + len(paths)
    stars = [row for row in table if row[0].endswith("★")]
    assert [row[0] for row in stars] == 2 * [stars[0][0]]  # both seeds
    assert any(row[0].endswith("×") for row in table)
    facts = json.loads(json.dumps(found.facts(), default=float))
    assert len(facts["runs"]) == len(paths)
    assert facts["best_learning_rate"] == found.diagnosis.best_learning_rate
    text = found.text("id")
    assert text.startswith("Sweep laju pembelajaran\n")
    assert "★" in text


def test_fewer_than_three_rates_are_no_sweep(swept, tmp_path):
    paths = written(tmp_path, swept)
    assert swept_logs(paths[:4]) is None  # two rates, two seeds each
    assert swept_logs(paths[:5]) is not None
    unknown = read_sweep(*zip(*[
        (log := read(path), diagnose_log(log)) for path in paths
    ], strict=True), [0.1, 0.2, 0.4, *(len(paths) - 3) * [None]])  # fmt: skip
    assert unknown.left_out == len(paths) - 3
    assert f"{len(paths) - 3} runs have no learning rate" in " ".join(unknown.sentences("en"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{"model": {"width": 3}, "optimizer": {"name": "sgd", "lr": 0.25}}'),
        ("args.json", '{"learning_rate": "0.25", "lr_scheduler": "cosine"}'),
        ("hparams.yaml", "width: 3\nlr: 25e-2\n"),
        ("files/config.yaml", "learning_rate:\n    desc: null\n    value: 0.25\n"),
        (".hydra/config.yaml", "optimizer:\n  _target_: torch.optim.SGD\n  lr: 0.25\n"),
    ],
)
def test_a_rate_is_found_in_the_configuration_beside_the_log(tmp_path, name, text):
    log = tmp_path / "log.csv"
    log.write_text("step,loss\n" + "".join(f"{i},{1 / (1 + i)}\n" for i in range(60)))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert rate_of(read(log)) == 0.25
    assert rate_of(read(log), "log") is None


@pytest.mark.parametrize(
    ("name", "rate"),
    [("lr0.1", 0.1), ("adam-lr=1e-3", 1e-3), ("sgd_learning_rate_0.5_seed3", 0.5),
     ("lr.05", 0.05), ("eta-2", 2.0), ("slr0.1x", None), ("run-0.1", None), ("lr", None)],
)  # fmt: skip
def test_a_rate_is_found_in_a_name(tmp_path, name, rate):
    log = tmp_path / name / "log.csv"
    log.parent.mkdir()
    log.write_text("step,loss\n" + "".join(f"{i},{1 / (1 + i)}\n" for i in range(60)))
    assert rate_of(read(log), "name") == rate


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"lr": {"lr": true}}', '{"lr": "fast"}', "\0"])
def test_a_configuration_that_holds_no_rate_is_no_error(tmp_path, text):
    log = tmp_path / "log.csv"
    log.write_text("step,loss\n" + "".join(f"{i},{1 / (1 + i)}\n" for i in range(60)))
    for name in ("config.json", "config.yaml"):
        (tmp_path / name).write_text(text)
    assert rate_of(read(log)) is None


@pytest.fixture
def command():
    def run(*arguments):
        return CliRunner().invoke(app, ["diagnose", *map(str, arguments)])

    return run


def test_the_command_reads_a_folder_of_runs_as_a_sweep(swept, tmp_path, command):
    written(tmp_path / "runs", swept, column=False)
    right = ss.diagnose_sweep(swept)
    report = tmp_path / "report.html"
    done = command(tmp_path / "runs", "--html", report)
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("Sweep of the learning rate\n")
    for sentence in right.sentences("en"):
        assert sentence in done.stdout
    assert "--run" in done.stdout
    facts = json.loads(command(tmp_path / "runs", "--json").stdout)
    assert facts["sweep"]["best_learning_rate"] == right.best_learning_rate
    assert len(facts["runs"]) == 16
    written_page = report.read_text()
    assert written_page.count("<tr>") == 17
    assert written_page.count("<img ") == 1
    assert "<script" not in written_page
    indonesian = command(tmp_path / "runs", "--language", "id").stdout
    assert indonesian.startswith("Sweep laju pembelajaran\n")


def test_the_command_takes_the_rates_from_where_it_is_told(swept, tmp_path, command):
    written(tmp_path / "runs", swept, column=False)
    assert json.loads(command(tmp_path / "runs", "--json").stdout)["sweep"] is not None
    told = command(tmp_path / "runs", "--json", "--learning-rate-from", "log")
    assert json.loads(told.stdout)["sweep"] is None
    assert command(tmp_path / "runs", "--learning-rate-from", "log").stdout.startswith("Runs\n")
    listed = tmp_path / "runs.html"
    command(tmp_path / "runs", "--learning-rate-from", "log", "--html", listed)
    assert "<img" not in listed.read_text()
    assert listed.read_text().count("<p>") >= 16


SCRIPT = """
import { openAsBlob, readFileSync } from "node:fs";
import { contextOf, diagnose } from "./diagnosis.mjs";
import { read } from "./read.mjs";
import { sweepSection } from "./sweep.mjs";

const { words, paths } = JSON.parse(readFileSync(0));
const all = [];
for (const [name, path] of paths) {
  const { runs } = await read(await openAsBlob(path), {}, words, () => {});
  for (const log of runs) {
    log.run = name;
    all.push({ log, found: diagnose(log.loss.value, words.rules, contextOf(log)) });
  }
}
console.log(JSON.stringify(sweepSection(all, words)));
"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rates", [slice(None), slice(0, 6), slice(6, None), slice(3)])
def test_the_page_says_the_same(swept, tmp_path, language, rates):
    """All runs, the low rates alone, the high ones, and too few rates for a sweep."""
    paths = written(tmp_path, swept, column=False)[rates]
    found = swept_logs(paths)
    there = in_node(SCRIPT, {
        "words": page.words(language), "paths": [[str(path), str(path)] for path in paths],
    })  # fmt: skip
    if found is None:
        assert there is None
        return
    heading, lines = there
    assert heading == found.text(language).splitlines()[0]
    said = found.sentences(language)
    assert lines[-len(said) :] == said
    table = [line.split("; ") for line in lines[: -len(said)]]
    assert table == [[*row[:3], path] for row, path in
                     zip(found.table(language)[1:], map(str, paths), strict=True)]  # fmt: skip
