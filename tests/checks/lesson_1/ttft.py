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
    ("cached by line", r"A is 2\.2 s\. The TTFT of F is 0\.7 s", "CAFEBD"),
    ("any change empties the cache", r"C is 0\.2 s\. The TTFT of E is 1\.2 s", "FECABD"),
    ("any change empties the cache", r"C is 0\.2 s\. The TTFT of E is 1\.2 s", "FEACBD"),
    ("cached at any position", r"F is 0\.7 s\. The TTFT of C is 0\.2 s", "FCEABD"),
    ("no queue", r"B is 9\.0 s\. The TTFT of A is 2\.2 s", "CFEBAD"),
    ("length is free", r"D is 20\.2 s\. The TTFT of B is 9\.0 s", "CFEADB"),
    ("length against newness", r"E is 1\.2 s\. The TTFT of F is 0\.7 s", "CEFABD"),
    ("length against newness", r"E is 1\.2 s\. The TTFT of F is 0\.7 s", "CEABDF"),
    ("leaves one out", "leaves out B and D", "CFEA"),
    ("no such change", "no change G; the changes are A, B", "CFEABG"),
    ("repeats a change", "C appears twice", "CFEABC"),
    ("no string", "not an `int`", 6),
):
    wrong("1.ttft", mistake, says)(order)
