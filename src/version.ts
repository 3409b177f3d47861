/** The version of the gateway, its OpenAPI document and the published package. A test compares it with package.json. */
export const VERSION = "0.2.0";
