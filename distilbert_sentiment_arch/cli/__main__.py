"""Entry point of ``python -m distilbert_sentiment_arch.cli``, for a source tree not installed."""

import sys

from distilbert_sentiment_arch.cli.main import main

sys.exit(main())
