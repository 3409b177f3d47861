// Starts Swagger UI on the gateway's own description. A key that is entered stays in the page's memory.

window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#reference", deepLinking: true, tryItOutEnabled: true });
