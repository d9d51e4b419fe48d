"""``python -m stabsim.classroom`` is ``stabsim classroom``."""

from stabsim.classroom.commands import classroom

if __name__ == "__main__":
    classroom(prog_name="stabsim classroom")
