"""Following jobs and states as they change: server-sent events (WHATWG HTML, *Server-sent events*)."""
