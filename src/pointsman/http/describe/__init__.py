"""The API describes itself: OpenAPI and AsyncAPI documents, and a page that shows them."""
