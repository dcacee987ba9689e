"""The simulator behind the app under test: its behaviour, and the requests it received."""

from collections.abc import Callable
from typing import Any

import httpx2

from utils.simulator import Request

NAME = "sim"  # the model name in the app's requests; `behave` sets what it stands for


class Model:
    """Client for a simulator: sets its behaviour, and reads its log and replies."""

    def __init__(self, base_url: str, key: str, client: Callable[[], httpx2.AsyncClient]) -> None:
        self.key = key
        self._url = base_url
        self._client = client

    async def behave(self, model: str) -> None:
        """Set which model the name `sim` refers to, for example `sim-chat:drop@8`."""
        await self._send("PUT", "/simulator/sim", {"model": model})

    async def requests(self, marker: str, settled: int = 0) -> list[Request]:
        """Wait up to `settled` seconds for replies to end; return the requests with `marker`."""
        log = await self._send("GET", f"/simulator/requests?settled={settled}")
        records = [Request(**fields) for fields in log["requests"]]
        return [record for record in records if marker in record.prompt]

    async def ended(self, marker: str) -> list[Request]:
        """Like `requests`, but first wait up to 60 s for all replies to end."""
        return await self.requests(marker, settled=60)

    async def reply_to(self, request: Request) -> str:
        """Return the complete text of the reply that a request would get without a fault."""
        body = {**request.body, "model": "sim-fast", "stream": False}
        body.pop("stream_options", None)
        answer = await self._send("POST", request.path, body)
        if "choices" in answer:  # from Chat Completions; otherwise, from the Responses API
            return answer["choices"][0]["message"]["content"] or ""
        parts = [part for item in answer["output"] for part in item.get("content", ())]
        return "".join(part.get("text", "") for part in parts)

    async def is_there(self) -> bool:
        try:
            await self._send("GET", "/simulator/requests")
        except (httpx2.HTTPError, ValueError):
            return False
        return True

    async def _send(self, method: str, path: str, body: object = None) -> Any:
        headers = {"authorization": f"Bearer {self.key}"}
        async with self._client() as client:
            answer = await client.request(
                method, self._url.removesuffix("/v1") + path, json=body, headers=headers, timeout=90
            )
        answer.raise_for_status()
        return answer.json()
