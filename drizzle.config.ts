import { defineConfig } from "drizzle-kit";

/** `npm run migrations` writes a new migration after a change of src/tenants/schema.ts; it is committed with the change. */
export default defineConfig({
  dialect: "sqlite",
  driver: "durable-sqlite",
  schema: "./src/tenants/schema.ts",
  out: "./src/tenants/migrations",
});
