/** The version of the gateway, of its OpenAPI document and of the published package; a test holds it to package.json. */
export const VERSION = "0.2.0";
