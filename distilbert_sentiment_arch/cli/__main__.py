"""``python -m distilbert_sentiment_arch.cli``, for a tree that is not installed."""

import sys

from distilbert_sentiment_arch.cli.main import main

sys.exit(main())
