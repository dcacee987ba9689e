"""A streaming chat assistant on Django. Copy this file, its page and fastapi_chat/assistant.py.

    pip install "django>=5.2" "langchain-openai>=1.7.4" "uvicorn>=0.54"
    OPENAI_MODEL=gpt-5-mini OPENAI_API_KEY=... uvicorn django_chat:application

The response to `POST /chat` streams the reply. Leaving the page or pressing Stop cancels the reply.
answer() yields ("text", piece), ("tool", name) and ("result", result).
"""

import json
import os
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from fastapi_chat.assistant import LONGEST_MESSAGE, answer, sentence

TEMPLATES = "django.template.backends.django.DjangoTemplates"
settings.configure(
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY") or uuid4().hex,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[{"BACKEND": TEMPLATES, "DIRS": [Path(__file__).parent]}],
)
MOST_TURNS = 20  # the maximum number of earlier turns per conversation; older turns are dropped
MOST_VISITORS = 1_000
conversations = {}  # each visitor's turns, in this process's memory


async def write(visitor, question):
    """Yield a reply as JSON lines; keep the text so far even if the reply fails or is stopped."""
    turns = conversations.pop(visitor, [])[-MOST_TURNS:]
    conversations[visitor] = turns  # moved to the end, since the first ones are dropped
    if turns and turns[-1]["running"]:
        yield line("refused", "A reply is still being written: wait for its end, or stop it.")
        return
    # a note tells the model that a reply is incomplete; this one is kept only if Stop is pressed
    turn = {"question": question, "said": "", "note": "Stopped.", "running": True}
    turns.append(turn)
    for old in list(conversations)[:-MOST_VISITORS]:
        del conversations[old]
    messages = []
    for each in turns:
        said = each["said"] + (f"\n\n[{each['note']}]" if each["note"] else "")
        messages += [("user", each["question"]), ("assistant", said)]
    try:
        yield line("status", "Thinking")
        async with aclosing(answer(messages[:-1])) as pieces:
            async for kind, value in pieces:
                if kind == "text":
                    turn["said"] += value
                yield line(kind, value)
        turn["note"] = ""
    except Exception as error:
        turn["note"] = sentence(error)
    finally:  # also runs when the browser's disconnect cancels this generator
        turn["running"] = False
    yield line("failed", turn["note"]) if turn["note"] else line("end", True)


def line(kind, value):
    return json.dumps({kind: value}) + "\n"


async def chat(request):
    question = str(json.loads(request.body)["message"]).encode(errors="replace").decode()
    if not question.strip() or len(question) > LONGEST_MESSAGE:
        said = f"A message has 1 to {LONGEST_MESSAGE:,} characters."
        return HttpResponse(line("refused", said), content_type="application/jsonl", status=422)
    visitor = request.session.setdefault("visitor", uuid4().hex)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    stream = write(visitor, question)
    return StreamingHttpResponse(stream, content_type="application/jsonl", headers=headers)


async def page(request):
    turns = conversations.get(request.session.get("visitor"), [])
    return render(request, "django_chat.html", {"turns": turns})


urlpatterns = [path("", page), path("chat", chat)]
application = get_asgi_application()
