"""Right and wrong answers to 1.ttft, which asks learners to order six requests by TTFT."""

from tests.checks.answers import right, wrong

# A: a new first line in the prompt. B: the same prompt, sent by 20 clients. C: a new last line.
# D: a new prompt, ten times as long. E: a new second half. F: without the first three quarters.
RIGHT = "C 0.2 s, F 0.7 s, E 1.2 s, A 2.2 s, B 9.0 s, D 20.2 s"  # part of the message

right("1.ttft", says=RIGHT)("CFEABD")
right("1.ttft", says=RIGHT)("c, f, e, a, b, d")
right("1.ttft", says=RIGHT)(["C", "F", "E", "A", "B", "D"])

for mistake, says, order in (
    ("largest first", "backwards", "DBAEFC"),
    ("cached by line", r"2\.2 s for A and 0\.7 s for F", "CAFEBD"),
    ("any change empties the cache", r"0\.2 s for C and 1\.2 s for E", "FECABD"),
    ("any change empties the cache", r"0\.2 s for C and 1\.2 s for E", "FEACBD"),
    ("cached at any position", r"0\.7 s for F and 0\.2 s for C", "FCEABD"),
    ("no queue", r"9\.0 s for B and 2\.2 s for A", "CFEBAD"),
    ("length is free", r"20\.2 s for D and 9\.0 s for B", "CFEADB"),
    ("length against newness", r"1\.2 s for E and 0\.7 s for F", "CEFABD"),
    ("length against newness", r"1\.2 s for E and 0\.7 s for F", "CEABDF"),
    ("leaves one out", "leaves out B and D", "CFEA"),
    ("no such change", "no change G; the changes are A, B", "CFEABG"),
    ("repeats a change", "C appears twice", "CFEABC"),
    ("no string", "not an `int`", 6),
):
    wrong("1.ttft", mistake, says)(order)
