"""Builds `notebooks/` and `solutions/` from `lessons/`: `python -m tools.build`.

- `__main__`: writes the notebooks, or compares them with their lessons
- `lint_lessons` and `lint_headings`: find problems in a lesson's source
- `notebooks`: builds, loads and saves a lesson's two editions
- `execute`: executes the instructor's edition and chooses which outputs to store
"""
