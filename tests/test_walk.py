"""The playbook on any training function: what it runs, keeps, finds and says."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import stabsim as ss
from stabsim.cli import app
from stabsim.diagnosis import Verdict, diagnose
from stabsim.logs import read
from stabsim.playbook import check_above, check_every_step, plan_walk, search_warmup, walk_playbook
from stabsim.playbook.command import words
from stabsim.playbook.runs import Settings, gone, series_of
from stabsim.playbook.stages import STAGES
from stabsim.playbook.store import Store
from stabsim.playbook.training import Place, run_all, training
from tests import walked

SCRIPT = str(Path(walked.__file__))
# Nothing but the interpreter starts, so that a run takes a few hundredths of a second.
PYTHON = (sys.executable, "-I", "-S")
COMMAND = (
    *PYTHON, SCRIPT, "{learning_rate}", "--warmup", "{warmup_steps}", "--steps", "{steps}",
    "--seed", "{seed}", "--clip", "{clip}", "--out", "{out}",
)  # fmt: skip
RATE, STEPS = 1 / 32, 60


def healthy(learning_rate, warmup_steps, steps, seed, clip=None):
    return walked.train(learning_rate, warmup_steps, steps, seed, clip, slow=0.0)


def place(path=None, made="test", **options):
    return Place(Store(path, made), **options)


@pytest.fixture(scope="module")
def unstable_walk():
    return walk_playbook(walked.train, RATE, STEPS, progress=False)


# --- what is given ---


def test_a_command_is_given_its_values():
    said = partial(words, ["t", "--lr={learning_rate}", "--clip", "{clip}", "c={clip}", "-q",
                           "{out}/x", '{"a": 1}'], out=Path("o"))  # fmt: skip
    assert said(Settings(0.1, 5)) == ["t", "--lr=0.1", "-q", "o/x", '{"a": 1}']
    assert said(Settings(1e-5, 5, clip=2.0)) == [
        "t", "--lr=1e-05", "--clip", "2.0", "c=2.0", "-q", "o/x", '{"a": 1}',
    ]  # fmt: skip


def test_one_protocol_found_by_what_is_given():
    def traced(learning_rate, steps, seed, clip=None):
        raise AssertionError

    def anything(**settings):
        raise AssertionError

    kinds = [training(one) for one in (traced, walked.train, anything, COMMAND, " ".join(COMMAND))]
    assert [type(kind).__name__ for kind in kinds] == [
        "Traced", "Function", "Function", "Command", "Command",
    ]  # fmt: skip
    assert kinds[0].takes == {"warmup_steps", "seed", "clip"}
    assert kinds[1].takes == {"warmup_steps", "seed", "clip"}
    assert kinds[2].takes == {"warmup_steps", "seed", "clip", "optimizer"}
    assert kinds[3] == kinds[4]
    assert training("sh {learning_rate} {steps}").takes == set()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (3, TypeError, "a function or a command"),
        (lambda rate, steps: None, TypeError, "learning_rate, steps and seed"),
        (lambda lr, warmup_steps: None, TypeError, "must take learning_rate, warmup_steps"),
        ("sh train.sh {steps}", ValueError, "where {learning_rate} goes"),
        ("sh train.sh {learning_rate}", ValueError, "where {steps} goes"),
        ("no-such-program {learning_rate} {steps}", ValueError, "not to be found"),
        ("sh {learning_rate} {steps} {clipping}", ValueError, "holds {clipping}, which is none"),
    ],
)
def test_what_is_no_training_function(given, error, message):
    with pytest.raises(error, match=message):
        training(given)


def test_what_a_function_may_return(tmp_path):
    losses = [3.0, 2.0, 1.0, 1.0]
    table = tmp_path / "log.csv"
    table.write_text("step,loss,grad_norm,val_loss\n0,3,1,\n2,2,1,5\n4,1,1,\n6,1,1,4\n")
    trace = ss.simulate(ss.workloads.quadratic([1.0]), ss.sgd(0.1), steps=4)
    steps = {"dict": [0, 2, 4, 6], "path": [0, 2, 4, 6], "log": [0, 2, 4, 6]}
    given = {
        "losses": losses,
        "dict": {"step": [0, 2, 4, 6], "loss": losses, "validation_loss": [np.nan, 5, np.nan, 4]},
        "path": table,
        "log": read(table),
        "trace": trace,
    }
    for name, result in given.items():
        series, axis = series_of(result)
        step, loss = series["loss"]
        assert axis == "step"
        assert step.tolist() == steps.get(name, [0, 1, 2, 3])
        assert loss.tolist() == (losses if name != "trace" else np.asarray(trace.loss).tolist())
        if name in steps:
            assert [x.tolist() for x in series["validation_loss"]] == [[2, 6], [5, 4]]
    for result in (None, {"a": 1}, object(), "words"):
        with pytest.raises((TypeError, ss.logs.LogError)):
            series_of(result)
    with pytest.raises(ValueError, match="of one length"):
        series_of({"loss": losses, "gradient_norm": [1.0]})


# --- runs ---


def test_a_function_and_its_command_leave_the_same():
    wanted = [Settings(rate, 30, seed, 5, 2.0) for rate in (0.01, 3.0) for seed in (0, 1)]
    by_function = run_all(training(walked.train), wanted, place())
    by_command = run_all(training(COMMAND), wanted, place(executor=ThreadPoolExecutor(2)))
    for one, other in zip(by_function, by_command, strict=True):
        assert one.diagnosis == other.diagnosis
        assert one.objective("final_loss") == other.objective("final_loss")


def test_what_is_printed_is_read_where_no_out_is_named():
    command = [*COMMAND[:-2]]
    [run] = run_all(training(command), [Settings(0.01, 30)], place())
    [other] = run_all(training(COMMAND), [Settings(0.01, 30)], place())
    assert run.diagnosis == other.diagnosis
    assert '"loss"' in run.output


def test_nothing_runs_twice_and_stored_runs_read_the_same(tmp_path):
    calls = []

    def train(learning_rate, warmup_steps, steps, seed):
        calls.append(seed)
        return walked.train(learning_rate, warmup_steps, steps, seed)

    wanted = [Settings(0.01, 30, seed) for seed in (0, 1, 0)]
    first = run_all(training(train), wanted, place(tmp_path / "store"))
    again = run_all(training(train), wanted, place(tmp_path / "store"))
    assert calls == [0, 1]
    assert [run.diagnosis for run in first] == [run.diagnosis for run in again]
    log = tmp_path / "store" / wanted[1].name / "log.jsonl"
    assert ss.logs.diagnose_log(read(log)).diagnosis == first[1].diagnosis
    with pytest.raises(ValueError, match="holds runs of"):
        Store(tmp_path / "store", "another")
    (tmp_path / "file").write_text("")
    for other in (tmp_path, tmp_path / "file"):
        with pytest.raises(ValueError, match="a new folder"):
            Store(other, "test")


def test_a_draft_that_a_kill_left_is_no_run(tmp_path):
    store = Store(tmp_path / "store", "test")
    gone_process = subprocess.Popen([sys.executable, "-c", ""])
    gone_process.wait()
    draft = store._draft()
    draft = draft.with_name(draft.name.replace(f".{os.getpid()}.", f".{gone_process.pid}."))
    draft.mkdir()
    (draft / "run.json").write_text("{")
    alive = store._draft()
    alive.mkdir()
    Store(tmp_path / "store", "test")
    assert not draft.exists()
    assert alive.exists()


FAILS = {
    "crashed": "import sys; print('step 0 loss 3.0'); print('step 1 loss 2.0'); sys.exit('no')",
    "killed": "import os, signal; print('here'); os.kill(os.getpid(), signal.SIGKILL)",
    "hung": "import time; print('step 0 loss 3.0', flush=True); time.sleep(600)",
    "unread": "print('hello')",
}


@pytest.mark.parametrize("outcome", FAILS)
def test_a_run_that_fails_is_data(outcome):
    command = [sys.executable, "-S", "-c", FAILS[outcome], "{learning_rate}", "{steps}"]
    limit = 0.5 if outcome == "hung" else 60.0
    [run] = run_all(training(command), [Settings(0.1, 20)], place(time_limit=limit))
    assert run.outcome == outcome
    assert run.output.split()[0] in ("step", "here", "hello")
    assert run.objective("final_loss") == np.inf
    known = outcome not in ("killed", "hung")
    assert (run.feasible == 0.0) if known else np.isnan(run.feasible)
    assert run.unstable == 1.0 if outcome == "crashed" else run.unstable != 1.0


def test_a_function_that_raises_or_hangs_is_data():
    def train(learning_rate, warmup_steps, steps, seed):
        if seed == 0:
            raise FloatingPointError("no more")
        import time

        time.sleep(600 if seed == 1 else 0)
        return [3.0, 2.0, 1.0]

    pytest.importorskip("cloudpickle")
    crashed, hung, done = run_all(
        training(train), [Settings(0.1, 20, seed) for seed in range(3)], place(time_limit=10.0)
    )
    assert (crashed.outcome, hung.outcome, done.outcome) == ("crashed", "hung", "done")
    assert "FloatingPointError: no more" in crashed.output
    [crashed] = run_all(training(train), [Settings(0.1, 20)], place())
    assert "FloatingPointError: no more" in crashed.output
    with pytest.raises(TypeError, match="must return a Trace"):
        run_all(training(lambda warmup_steps, **_: None), [Settings(0.1, 20)], place())


@pytest.mark.long
def test_a_worker_that_dies_is_known_by_its_run():
    def train(learning_rate, warmup_steps, steps, seed):
        import os

        if seed == 1:
            os._exit(9)
        return [3.0, 2.0, 1.0]

    runs = run_all(training(train), [Settings(0.1, 3, seed) for seed in range(4)],
                   place(executor=ss.processes(2)))  # fmt: skip
    assert [run.outcome for run in runs] == ["done", "killed", "done", "done"]


# --- early stopping ---


@given(
    st.lists(st.floats(0.01, 100.0), min_size=0, max_size=60),
    st.lists(st.one_of(st.floats(0.0, 100.0), st.just(np.nan)), min_size=0, max_size=60),
    st.sampled_from([np.nan, np.inf]),
)
def test_what_follows_three_losses_that_are_not_finite_changes_no_verdict(before, after, bad):
    cut = np.array([*before, bad, bad, bad])
    whole = np.array([*cut, *after])
    assert gone(whole) <= len(before) + 2
    assert diagnose(cut).verdict is diagnose(whole).verdict is Verdict.DIVERGED
    assert diagnose(cut).diverged_at == diagnose(whole).diverged_at


def test_early_stopping_changes_no_verdict_of_real_runs():
    met = 0
    for rate in 2.0 ** np.arange(-8, 3):
        for seed in range(3):
            loss = np.array(walked.train(float(rate), 0, STEPS, seed)["loss"])
            last = gone(loss)
            if last is not None:
                met += 1
                assert diagnose(loss[: last + 1]).verdict is diagnose(loss).verdict
    assert met >= 5
    assert gone(np.array([1.0, np.nan, np.nan, 1.0, np.inf])) is None


def test_a_diverged_run_is_stopped_and_leaves_what_it_would_have_left():
    program = (
        "import sys, time\n"
        "for i in range(8): print('step', i, 'loss', 3.0 - i if i < 5 else float('nan'))\n"
        "sys.stdout.flush()\n"
        "if sys.argv[2] == '20': time.sleep(600)\n"
        "print('step', 8, 'loss', 'nan')\n"
    )
    command = [sys.executable, "-S", "-c", program, "{learning_rate}", "{steps}"]
    wanted = [Settings(0.1, 20), Settings(0.1, 30)]
    stopped, ended = run_all(training(command), wanted, place(time_limit=120.0))
    assert stopped.outcome == ended.outcome == "diverged"
    assert repr(stopped.diagnosis) == repr(ended.diagnosis)  # NaN is not equal to itself
    assert stopped.trained == 8


# --- procedures on the new protocol ---


@pytest.mark.parametrize("train", [walked.train, COMMAND], ids=["function", "command"])
def test_the_procedures_run_on_it(train):
    [found] = check_every_step(train, 0.125, steps=STEPS)
    assert found.verdict is Verdict.DIVERGED
    found = check_above(train, 0.002, STEPS, seeds=(0, 1))
    assert [one.unstable for one in found[5.0]] == [False, False]
    search = search_warmup(train, 1 / 32, 300, factor=2.0, warmup_steps=[1, 30], seeds=(0, 1))
    assert search.warmup_steps == (1, 30)
    assert search.stable[1] == 1.0
    assert search.shortest in (1, 30)


# --- the walk ---


def test_an_unstable_training_is_mended(unstable_walk):
    walk = unstable_walk
    assert walk.gained
    assert walk.sweep.limited_by_instability
    assert walk.limited is True
    assert walk.unstable_rate is not None
    assert "Limited by instability" in str(walk)
    assert walk.recommended.learning_rate > 1.5 * walk.sweep.best_learning_rate
    assert [stage.name for stage in walk.stages] == [*STAGES]
    assert any(walk.stage(name).helped for name in ("warmup", "clipping"))
    assert walk.recommended.warmup_steps <= STEPS // 10
    old, new = walk.stage("comparison").trials
    assert all(b < a for a, b in zip(old.objectives("final_loss"), new.objectives("final_loss"),
                                     strict=True))  # fmt: skip
    searched = {run.settings.seed for name in STAGES[:-1] for t in walk.stage(name).trials
                for run in t.runs}  # fmt: skip
    assert not searched & {run.settings.seed for run in new.runs}


def test_a_healthy_training_is_left_alone():
    walk = walk_playbook(healthy, RATE, STEPS, progress=False)
    assert walk.gained is False
    assert walk.recommended == walk.plan.baseline
    assert walk.limited is False
    assert not any(walk.stage(name).done for name in ("warmup", "clipping", "lower-rate"))
    assert "Nothing was to be gained" in str(walk)
    assert "Healthy: " in str(walk)
    assert "To paste" not in str(walk)


def bowl(learning_rate, warmup_steps, steps, seed, clip=None):
    """Two curvatures and a floor, which the rates right below the edge at 2 all reach."""
    w, losses, norms = np.ones(2), [], []
    for step in range(steps):
        gradient = np.array([1.0, 0.3]) * w
        losses.append(float(gradient @ w) + 0.01)
        norms.append(float(np.linalg.norm(gradient)))
        rate = learning_rate * min(1.0, step / warmup_steps) if warmup_steps else learning_rate
        w = w - rate * min(1.0, (clip or np.inf) / max(norms[-1], 1e-300)) * gradient
    return {"loss": losses, "gradient_norm": norms}


def test_an_edge_near_the_best_rate_may_cost_nothing():
    walk = walk_playbook(bowl, 1.0, STEPS, seeds=[0], skip=["comparison"], progress=False)
    assert walk.sweep.limited_by_instability
    assert walk.limited is False
    assert "which costs nothing" in walk.text("en")
    assert "itu tidak merugikan" in walk.text("id")
    assert walk.facts()["limited_by_instability"] is False
    unfixed = walk_playbook(bowl, 1.0, STEPS, seeds=[0], progress=False,
                            skip=["warmup", "clipping", "comparison"])  # fmt: skip
    assert unfixed.limited is None
    assert "no fix was tried" in str(unfixed)
    high = walk_playbook(bowl, 8.0, STEPS, seeds=[0], skip=["comparison"], progress=False)
    assert high.limited is True
    assert "Cause: instability" in str(high)


# --- trainings that are not as they should be ---


def test_what_a_training_ignores_is_said():
    def deaf(learning_rate, warmup_steps, steps, seed, clip=None):
        return walked.train(learning_rate, 0, steps, 0, clip)

    walk = walk_playbook(deaf, RATE, STEPS, seeds=[0, 1], skip=["comparison"], progress=False)
    assert set(walk.ignored) == {"warmup_steps", "seed"}
    assert "seems to ignore warmup_steps, seed" in walk.text("en")
    assert walk.facts()["ignored"] == list(walk.ignored)


def test_a_training_that_is_mended_goes_on_in_the_same_store(tmp_path):
    program, store = tmp_path / "t.py", tmp_path / "store"
    command = [*PYTHON, str(program), "{learning_rate}", "{steps}"]
    for mistake, error, message in [
        ("import no_such_module", RuntimeError, "No module named 'no_such_module'"),
        ("pass", RuntimeError, "It printed nothing, and no {out} says where"),
        ("for i in range(40): print('step', i, 'loss', 3 - i / 20)", ValueError,
         "ignores learning_rate"),
    ]:  # fmt: skip
        program.write_text(mistake)
        with pytest.raises(error, match=message):
            walk_playbook(command, RATE, STEPS, store=store, progress=False)
    command = [*PYTHON, str(program), "{learning_rate}", "{steps}", "and more"]
    program.write_text(Path(SCRIPT).read_text().replace("main(*sys.argv[1:])",
                       "main(sys.argv[1], '--steps', sys.argv[2])"))  # fmt: skip
    walk = walk_playbook(command, RATE, STEPS, seeds=[0], only=["sweep"], store=store,
                         progress=False)  # fmt: skip
    assert walk.sweep is not None


def test_a_walk_costs_at_most_what_was_planned(unstable_walk):
    plan = unstable_walk.plan
    assert len(unstable_walk.runs) <= plan.cost.runs
    assert unstable_walk.trained <= sum(r.settings.steps for r in unstable_walk.runs)
    assert sum(r.settings.steps for r in unstable_walk.runs) <= plan.cost.steps
    assert plan.cost.steps == sum(cost.steps for cost in plan.costs.values())
    assert f"{plan.cost.steps} steps" in str(plan)


def test_a_budget_bounds_the_walk(unstable_walk):
    least = 7 * STEPS + unstable_walk.plan.reserved
    for budget in (least, 40 * STEPS):
        walk = walk_playbook(walked.train, RATE, STEPS, budget=budget, progress=False)
        assert sum(run.settings.steps for run in walk.runs) <= budget
        assert "budget" in str(walk)
        assert walk.gained is not None
    with pytest.raises(ValueError, match=f"at least {least} steps"):
        plan_walk(walked.train, RATE, STEPS, budget=least - 1)


def test_stages_alone_and_skipped(unstable_walk):
    alone = walk_playbook(walked.train, RATE, STEPS, only=["clipping"], progress=False)
    assert {stage.name for stage in alone.stages if stage.done} == {"sweep", "clipping"}
    assert alone.gained is None
    skipped = walk_playbook(walked.train, RATE, STEPS, skip=["warmup"], progress=False)
    assert not skipped.stage("warmup").done
    assert skipped.sweep.best_learning_rate == unstable_walk.sweep.best_learning_rate
    assert skipped.recommended.warmup_steps == 0


def test_what_a_training_does_not_take_is_said():
    command = [*PYTHON, SCRIPT, "{learning_rate}", "--steps", "{steps}"]
    plan = plan_walk(command, RATE, STEPS)
    assert {"warmup", "clipping", "optimizer"} <= set(plan.left_out)
    said = "\n".join(plan.sentences("en"))
    for words_ in ("takes no warmup", "takes no clipping", "takes no seed"):
        assert words_ in said


def test_another_optimizer_is_tried_where_the_training_offers_one():
    def train(learning_rate, warmup_steps, steps, seed, clip=None, optimizer=None):
        # What stands for a better optimizer: the same training, without its steep start.
        if optimizer == "gentle":
            return [3.0 * np.exp(-learning_rate * t) + 1e-3 for t in range(steps)]
        return walked.train(learning_rate, warmup_steps, steps, seed, clip)

    walk = walk_playbook(train, RATE, STEPS, optimizers=["gentle"], skip=["warmup", "clipping"],
                         progress=False)  # fmt: skip
    assert walk.stage("optimizer").helped
    assert walk.recommended.optimizer == "gentle"
    assert "the optimizer gentle" in str(walk)
    with pytest.raises(ValueError, match="optimizers need a training that takes one"):
        plan_walk(walked.train, RATE, STEPS, optimizers=["adam"])


def test_the_sweep_shows_what_its_rates_are_compared_by(tmp_path):
    def train(learning_rate, warmup_steps, steps, seed):
        path = tmp_path / f"{learning_rate}-{seed}.csv"
        t = np.arange(steps)
        loss = 0.1 + np.exp(-learning_rate * t) + 1e-3 * learning_rate * t
        rows = [f"{i},{x},{2 * x}" for i, x in enumerate(loss)]
        path.write_text("\n".join(["step,loss,validation_loss", *rows]))
        return path

    walk = walk_playbook(train, 0.1, 60, seeds=[0], only=["sweep"],
                         objective="validation_loss", progress=False)  # fmt: skip
    report = walk.text("en")
    [best] = [line.split() for line in report.splitlines() if " ★" in line]
    assert "final loss  validation loss  verdict" in report
    assert float(best[3]) == pytest.approx(2 * float(best[2]), rel=0.05)


def test_a_traced_function_is_walked():
    def train(learning_rate, steps, seed):
        bowl = ss.workloads.quadratic([1.0, 0.01])
        return ss.simulate(bowl, ss.sgd(learning_rate), steps=steps)

    walk = walk_playbook(train, 1.0, 40, seeds=[0], skip=["warmup", "comparison"], progress=False)
    assert walk.sweep.edge is not None
    assert 1.0 <= walk.sweep.edge[0] <= 2.0 <= walk.sweep.edge[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be"),
        ({"steps": 5}, "steps must be at least 10"),
        ({"seeds": []}, "seeds must be different"),
        ({"seeds": [1, 1]}, "seeds must be different"),
        ({"comparison": 1}, "comparison must be at least 2"),
        ({"objective": "accuracy"}, "objective must be one of"),
        ({"skip": ["sweep"]}, "cannot be skipped"),
        ({"only": ["hope"]}, "must be one of"),
        ({"factors": [-1.0]}, "factors must be"),
    ],
)
def test_bad_plans(options, message):
    given = {"learning_rate": RATE, "steps": STEPS, **options}
    with pytest.raises(ValueError, match=message):
        plan_walk(walked.train, **given)


def test_a_training_that_never_logs_is_an_error_with_what_it_printed():
    command = [sys.executable, "-S", "-c", "raise SystemExit('no data here')", "{learning_rate}",
               "{steps}"]  # fmt: skip
    with pytest.raises(RuntimeError, match="no data here"):
        walk_playbook(command, RATE, STEPS, progress=False)


# --- the report ---


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_report_in_both_languages(unstable_walk, language):
    text, page = unstable_walk.text(language), unstable_walk.page(language)
    assert f'<html lang="{language}">' in page
    assert page.count("<img alt=") == 3  # the axis plot, above the best rate, the comparison
    assert "<script" not in page
    assert ("0,25" in text or "0,125" in text) == (language == "id")
    for line in unstable_walk.sentences(language):
        assert line in text
        assert "{" not in line
    assert "torch.nn.utils.clip_grad_norm_" in text or "LinearLR" in text
    assert unstable_walk._repr_html_().startswith("<div>")


def test_facts_are_json(unstable_walk):
    facts = json.loads(json.dumps(unstable_walk.facts(), allow_nan=False))
    assert facts["gained"] is True
    assert facts["recommended"]["learning_rate"] == unstable_walk.recommended.learning_rate
    assert [stage["name"] for stage in facts["stages"]] == [*STAGES]


# --- the command ---


def call(store, *options):
    return [
        "playbook", "--rate", str(RATE), "--max-steps", str(STEPS), "--store", str(store), *options,
        "--", *COMMAND,
    ]  # fmt: skip


def test_the_command_says_the_plan_and_the_result(tmp_path):
    plan = CliRunner().invoke(app, call(tmp_path / "store", "--plan", "--language", "id"))
    assert (plan.exit_code, plan.stdout) == (0, "")
    assert "Rencana" in plan.stderr
    assert not (tmp_path / "store").exists()
    html = tmp_path / "r.html"
    done = CliRunner().invoke(app, call(tmp_path / "store", "--html", str(html), "--jobs", "2"))
    assert done.exit_code == 0
    assert "Train with a learning rate of" in done.stdout
    assert "Plan\n" in done.stderr
    assert "Train with a learning rate of" in html.read_text()
    again = CliRunner().invoke(app, call(tmp_path / "store", "--json"))
    assert json.loads(again.stdout)["gained"] is True


def test_wrong_use_of_the_command(tmp_path):
    for options, message in [
        (["--only", "hope"], "'hope' is not one of"),
        (["--rate", "x"], "is not a number"),
        (["--budget", "1"], "budget must be at least"),
        (["--optimizer", "adam"], "optimizers need"),
    ]:
        done = CliRunner().invoke(app, call(tmp_path / "store", *options))
        assert (done.exit_code, done.stdout) == (2, "")
        assert message in done.stderr


def start(store, *options):
    return subprocess.Popen(
        [sys.executable, "-m", "stabsim", *call(store, "--json", *options)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def numbers(stdout):
    facts = json.loads(stdout)
    facts.pop("trained_steps")  # of a run that is stopped, how far it came is a matter of time
    return facts


@pytest.mark.long
@pytest.mark.parametrize("times", [3, 10])
def test_killed_at_random_times_it_ends_with_the_same_numbers(tmp_path, times):
    alone = CliRunner().invoke(app, call(tmp_path / "alone", "--json"))
    chance, kills = random.Random(0), 0
    for _ in range(times):
        process = start(tmp_path / "killed")
        try:
            process.communicate(timeout=chance.uniform(0.3, 1.3))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
    last = CliRunner().invoke(app, call(tmp_path / "killed", "--json"))
    assert numbers(last.stdout) == numbers(alone.stdout)
    assert kills > 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_loses_nothing(tmp_path, interruptible, how):
    store = tmp_path / "store"
    process = start(store)
    while len(list(store.glob("rate*"))) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on from there" in said
    before = {one: one.stat().st_mtime_ns for one in store.glob("rate*/run.json")}
    assert len(before) >= 3
    done = CliRunner().invoke(app, call(store, "--json"))
    assert json.loads(done.stdout)["gained"] is True
    assert before == {one: one.stat().st_mtime_ns for one in before}, "something ran twice"
