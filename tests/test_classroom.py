"""Assignments: what students get, and grading from release to feedback, harmful work included."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import stabsim as ss
from book import LANGUAGES, ROOT, tasks
from stabsim.classroom import assignment, confined, grading, student
from stabsim.classroom import course as courses
from stabsim.classroom.goals import GOALS, setting
from stabsim.classroom.tasks import FILE, pages
from stabsim.exercises import EXERCISES, Number, Select
from stabsim.labs import LABS

ASSIGNMENT, TASKS = "fixes-id", ("fixes-identity", "fixes-shrink", "fixes-build")
VARIED = [e for e in EXERCISES.values() if isinstance(e, Number) and e.variant]
PAGES = [(language, page) for language in LANGUAGES for page in pages(language)]

LOOP = "while True:\n    pass"
LEFT = "2718281"
HARM = f"""
import os, pathlib, signal, socket, subprocess, tempfile

root = pathlib.Path(%r)
def attempt(name, act):
    try:
        act()
    except OSError as error:
        print(name, "refused:", error.strerror)
    else:
        print(name, "DONE")

for path in (
    "gradebook.db", "source/{ASSIGNMENT}/fixes.ipynb", "submitted/rani/{ASSIGNMENT}/fixes.ipynb"
):
    attempt("read " + path, (root / path).read_bytes)
    attempt("write " + path, lambda: (root / path).write_text("mine"))
    attempt("truncate " + path, lambda: os.truncate(root / path, 0))
    attempt("remove " + path, (root / path).unlink)
attempt("new file", lambda: (root / "new").write_text("mine"))
attempt("beside the notebook", lambda: open("new", "w"))
attempt("kill", lambda: os.kill(os.getppid(), signal.SIGKILL))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", %d), 1))
with tempfile.TemporaryFile() as file:
    file.write(b"allowed")
    print("scratch written")
subprocess.Popen(["sleep", "{LEFT}"], start_new_session=True)
"""


def stabsim(*arguments):
    command = [sys.executable, "-m", "stabsim.classroom", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def answered(release, name, answers, first=""):
    """The release as a student hands it in; ``answers`` hold what to put into answer cells."""
    book = nbformat.read(release, as_version=4)
    for cell in book.cells:
        own = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.source.startswith("STUDENT"):
            cell.source = f"STUDENT = {name!r}\n{first}"
        elif own in answers:
            cell.source += f"\n{answers[own]}"
    return nbformat.writes(book)


def right(name):
    return {
        "fixes-identity-answer": f"answer_1 = {student.right_answer('fixes-identity', name)!r}",
        "fixes-shrink-answer": f"answer_2 = {student.right_answer('fixes-shrink', name)!r}",
        "fixes-build-answer": "size = (1 + 0.5 / 100) ** 100",
    }


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which four students have handed in, before grading."""
    course = tmp_path_factory.mktemp("course")
    chosen = [word for name in TASKS for word in ("--exercise", name)]
    made = stabsim("build", course, "--language", "id", *chosen)
    assert made.returncode == 0, made.stderr
    assert ASSIGNMENT in made.stdout
    release = course / "release" / ASSIGNMENT / "fixes.ipynb"
    works = {
        "rani": answered(release, "rani", right("rani")),
        "budi": answered(release, "budi", right("rani") | {"fixes-build-answer": "size = 2"}),
        "eko": answered(release, "eko", {}),
        "bagas": "{ no notebook",
    }
    for name, work in works.items():
        folder = course / "submitted" / name / ASSIGNMENT
        folder.mkdir(parents=True)
        (folder / "fixes.ipynb").write_text(work)
    return course


@pytest.fixture(scope="module")
def graded(course):
    """What the command printed; one more student's work tries to do harm, and never ends."""
    if confined.version() < confined.NEEDED:
        pytest.skip("Submissions cannot be confined here.")
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        harm = HARM % (str(course), server.getsockname()[1])
        folder = course / "submitted/lina" / ASSIGNMENT
        folder.mkdir(parents=True)
        release = course / "release" / ASSIGNMENT / "fixes.ipynb"
        work = right("lina") | {"fixes-shrink-answer": LOOP}
        (folder / "fixes.ipynb").write_text(answered(release, "lina", work, harm))
        before = {p: p.read_bytes() for p in course.glob("s*/**/*.ipynb")}
        done = stabsim("grade", course, ASSIGNMENT, "--timeout", 10)
    assert done.returncode == 0, done.stderr
    assert {p: p.read_bytes() for p in course.glob("s*/**/*.ipynb")} == before
    return done.stdout


def feedback(course, name):
    return (course / "feedback" / name / ASSIGNMENT / "fixes.html").read_text()


@pytest.mark.long
def test_from_release_to_feedback(course, graded):
    """One test, for a course takes half a minute to make and to grade."""
    release = (course / "release" / ASSIGNMENT / "fixes.ipynb").read_text()
    source = (course / "source" / ASSIGNMENT / "fixes.ipynb").read_text()
    for word in ("BEGIN SOLUTION", "right_answer", "/ blocks"):
        assert word in source
        assert word not in release
    assert "ubah di sini" in release

    marks = dict(re.findall(r"^(\w+) +(\d+) / 6", graded, re.MULTILINE))
    assert {name: int(mark) for name, mark in marks.items()} == {
        "rani": 6, "budi": 0, "eko": 0, "lina": 4, "bagas": 0,
    }  # fmt: skip
    assert "✓ Benar." in feedback(course, "rani")
    assert "✗ Belum tepat." in feedback(course, "budi")
    assert "✗ Belum ada jawaban." in feedback(course, "eko")
    assert "CellTimeoutError" in feedback(course, "lina")
    told = (course / "feedback/bagas" / ASSIGNMENT / "feedback.txt").read_text()
    assert told == f"{grading.FAILED.id}\n"

    harmful = feedback(course, "lina")
    assert len(re.findall(r"^.* refused: [A-Z]", harmful, re.MULTILINE)) == 16
    assert not re.search(r"\w DONE", harmful)
    assert "scratch written" in harmful
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert LEFT not in process.read_text()
        except OSError:  # it has ended
            continue


def test_a_link_beside_the_notebook_is_refused(tmp_path):
    (tmp_path / "notes").symlink_to("/etc/hosts")
    with pytest.raises(grading.Refused):
        grading._check(tmp_path)


def test_where_nothing_can_be_confined_it_says_so(tmp_path, monkeypatch):
    (tmp_path / "source" / ASSIGNMENT).mkdir(parents=True)
    monkeypatch.setattr(confined, "version", lambda: 0)
    with pytest.raises(OSError, match="--unconfined"):
        next(grading.grade(tmp_path, ASSIGNMENT))
    with pytest.raises(FileNotFoundError, match="no assignment nothing"):
        next(grading.grade(tmp_path, "nothing", unconfined=True))


def test_commands_say_what_is_wrong(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from stabsim.classroom.commands import classroom

    wrong = CliRunner().invoke(classroom, ["build", str(tmp_path), "--chapter", "nothing"])
    assert "There is no chapter with exercises nothing; there are index" in wrong.output
    assert wrong.exit_code == 1
    monkeypatch.setitem(sys.modules, "nbgrader.converters", None)
    wrong = CliRunner().invoke(classroom, ["build", str(tmp_path)])
    assert 'pip install "stabsim[classroom]"' in wrong.output
    assert wrong.exit_code == 1


def test_building_leaves_the_callers_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/somewhere")
    courses.build(tmp_path, ["en"], ["index"], ["index-climb"])
    assert os.environ["PATH"] == "/somewhere"
    assert (tmp_path / "release/index-en/index.ipynb").is_file()


# --- what is a student's own ---


@pytest.mark.parametrize("exercise", VARIED, ids=lambda e: e.name)
def test_numbers_differ_and_questions_show_them(exercise):
    class_ = [f"student{i}" for i in range(30)]
    drawn = [tuple(student.numbers(exercise, name).items()) for name in class_]
    assert len(set(drawn)) >= 10
    for language in LANGUAGES:
        text = repr(student.ask(exercise.name, "rani", language))
        for value in student.numbers(exercise, "rani").values():
            assert student._written(value, language) in text
        assert "{" not in re.sub(r"\{,\}", "", text)


@pytest.mark.parametrize("name", ["instability-factor", "warmup-meets", "optimizers-nesterov"])
def test_right_for_one_is_wrong_for_another(name):
    answers = {f"student{i}": student.right_answer(name, f"student{i}") for i in range(9)}
    assert len(set(answers.values())) > 3
    for who, answer in answers.items():
        assert ss.classroom.check(name, who, answer)
    other = next(who for who in answers if answers[who] != answers["student0"])
    assert not ss.classroom.check(name, "student0", answers[other])


def test_options_are_shuffled():
    choices = [e for e in EXERCISES.values() if isinstance(e, Select)]
    for exercise in choices:
        orders = [student.order(exercise, f"student{i}") for i in range(30)]
        assert len({tuple(order) for order in orders}) > 1
        letter = student.right_answer(exercise.name, "rani")
        assert ss.classroom.check(exercise.name, "rani", f" {letter.upper()} ")
        wrong = "a" if letter != "a" else "b"
        assert not ss.classroom.check(exercise.name, "rani", wrong)
        assert "a, b, c" in repr(ss.classroom.check(exercise.name, "rani", "z"))


def test_a_submission_must_be_its_owners(tmp_path, monkeypatch):
    folder = tmp_path / "rani" / ASSIGNMENT
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    answer = student.right_answer("fixes-shrink", "rani")
    assert ss.classroom.check("fixes-shrink", "rani", answer)
    assert "'rani'" in repr(ss.classroom.check("fixes-shrink", "budi", answer))


# --- goals of labs ---


def test_goals_name_labs_with_goals_and_exercises_without_checks():
    names = {task.name for page in pages("en").values() for task in page.tasks}
    for goal in GOALS.values():
        assert goal.name in names
        assert len(LABS[goal.lab].goals) == 1
        for seed in goal.seeds:
            values = setting(LABS[goal.lab], goal.link(seed))
            assert values["seed"] == seed
            assert {name: values[name] for name in goal.solution} == dict(goal.solution)


@pytest.mark.parametrize("goal", GOALS.values(), ids=lambda goal: goal.name)
def test_a_link_says_all_in_which_a_goal_differs_from_the_lab(goal):
    page = ROOT / "chapters/en" / f"{goal.name.rsplit('-', 1)[0]}.md"
    shown = re.search(rf'labs\.show\("{goal.lab}"([^)]*)\)', page.read_text(encoding="utf8"))
    begun = dict(re.findall(r"(\w+)=(\w+)", shown[1]))
    assert set(begun) <= {"seed"}
    assert int(begun.get("seed", 0)) == 0 or int(begun["seed"]) not in goal.seeds


def test_a_goal_is_judged_by_running_what_the_link_holds():
    seed = student.seed(GOALS["optimizers-5"], "rani")
    link = f"https://host/en/optimizers.html?race.learning_rate=0.12&race.seed={seed}&a.b=1#c"
    assert ss.classroom.check("optimizers-5", "rani", link)
    assert not ss.classroom.check("optimizers-5", "rani", link.replace("0.12", "0.02"))
    other = ss.classroom.check("optimizers-5", "rani", link.replace(f"seed={seed}", "seed=10"))
    assert "from 0 to 9" in repr(other)
    other = link.replace(f"seed={seed}", f"seed={(seed + 1) % 10}")
    assert f"yours is {seed}" in repr(ss.classroom.check("optimizers-5", "rani", other))


# --- sources ---


def test_the_package_holds_the_exercises_of_the_chapters():
    held = FILE.read_text(encoding="utf8")
    assert held == tasks.text(), f"The chapters have changed: run {tasks.COMMAND}."


@pytest.mark.parametrize(("language", "page"), PAGES)
def test_every_exercise_is_taken(language, page):
    from nbgrader.nbgraderformat import MetadataValidator

    source = assignment.source(language, page)
    nbformat.validate(source)
    MetadataValidator().validate_nb(source)
    graded = [c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert [c.metadata.nbgrader.grade_id for c in graded] == [
        task.name for task in pages("en")[page].tasks
    ]
    text = (ROOT / "chapters" / language / f"{page}.md").read_text(encoding="utf8")
    assert len(graded) == len(re.findall(r"^\*\*\d+\. ", text, re.MULTILINE))
    assert all(not c.outputs for c in source.cells if c.cell_type == "code")


def test_code_brings_what_it_rests_on():
    source = assignment.source("en", "index", ["index-highest"])
    assert "net = ss.workloads.residual_mlp(depth=16)" in [c.source for c in source.cells]
