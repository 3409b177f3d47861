// Starts Swagger UI on the gateway's own OpenAPI document. A key that is entered stays in the page's memory, and nothing is requested from
// another host: the badge of the online validator is off.

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
