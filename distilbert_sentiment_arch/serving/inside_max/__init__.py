"""Integration into MAX Serve: routes, application and transport to the model worker."""
