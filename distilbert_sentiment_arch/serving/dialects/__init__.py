"""Wire formats, one module each: parsing of requests, rendering of responses and of errors."""
