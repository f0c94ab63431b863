"""A LitServe application over ONNX Runtime, batched as its documentation shows.

https://lightning.ai/docs/litserve/features/batching
"""

from __future__ import annotations

from typing import Any

import litserve

from scripts.benchmarking.servers.batched_texts import BatchedTexts
from scripts.benchmarking.servers.server import MAX_BATCH, Launch


class Classifier(litserve.LitAPI):  # type: ignore[misc]  # litserve is not in the product's environment
    """API that classifies lists of texts."""

    def setup(self, device: str) -> None:
        """Loads the model in the worker."""
        del device
        self.model = BatchedTexts(Launch.of_app())

    def decode_request(self, request: dict[str, list[str]]) -> list[str]:
        """Returns the texts of a request."""
        return request["texts"]

    def batch(self, inputs: list[list[str]]) -> list[list[str]]:
        """Keeps requests separate, because they have different numbers of texts."""
        return inputs

    def predict(self, x: list[list[str]]) -> list[list[int]]:
        """Classifies the texts of several requests at once."""
        labels = iter(self.model.labels([text for texts in x for text in texts]))
        return [[next(labels) for _ in texts] for texts in x]

    def unbatch(self, output: list[list[int]]) -> list[list[int]]:
        """Returns one answer per request."""
        return output

    def encode_response(self, output: list[int]) -> dict[str, Any]:
        """Returns the JSON of an answer."""
        return {"labels": output}


def main() -> None:
    """Serves until it is ended."""
    launch = Launch.of_app()
    api = Classifier(max_batch_size=MAX_BATCH, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", fast_queue=True)
    server.run(host="127.0.0.1", port=launch.port, log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    main()
