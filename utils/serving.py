"""Former name of `utils.app_server`, kept because learners' copies of lesson 4 may import it."""

from utils.app_server import Server, ServingError, serve, serving

__all__ = ["Server", "ServingError", "serve", "serving"]
