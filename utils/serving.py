"""Former name of `utils.app_server`, for learners' copies of lesson 4."""

from utils.app_server import Server, ServingError, serve, serving

__all__ = ["Server", "ServingError", "serve", "serving"]
