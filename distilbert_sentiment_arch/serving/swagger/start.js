// Starts Swagger UI on this server's own description. A file, because the page's policy allows no
// script within HTML.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null, // a service elsewhere
});
