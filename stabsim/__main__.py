"""``python -m stabsim`` is the command ``stabsim``."""

from stabsim.cli import app

if __name__ == "__main__":
    app(prog_name="stabsim")
