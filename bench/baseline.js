// The baseline: the smallest Worker that creates one object, writes one key and sets one alarm for each request, without validation and
// solving. ALARM_MS is the delay of the alarm. There are variants for comparisons:
//
// KIND=stay: the alarm sets itself again, which keeps the object in memory.
// KIND=purge: the alarm writes six times, sends three requests to UPSTREAM_URL and then deletes everything, as a task does.
// KIND=solve: the alarm submits to UPSTREAM_URL, polls every ALARM_MS, and stores the results: the smallest Worker that solves tasks.

import { DurableObject } from "cloudflare:workers";

export class BaselineObject extends DurableObject {
  async accept(body) {
    this.ctx.storage.kv.put("task", { body, alarms: 0 });
    this.#setAlarm(this.env.KIND === "solve" ? 1 : undefined);
    return this.ctx.id.toString();
  }

  async alarm() {
    switch (this.env.KIND) {
      case "stay":
        return this.#setAlarm();
      case "purge":
        return this.#purge();
      case "solve":
        return this.#solve();
    }
  }

  async #purge() {
    const { body, alarms } = this.ctx.storage.kv.get("task");
    if (alarms === 6) {
      await this.ctx.storage.deleteAll();
      return;
    }
    if (alarms < 3) await this.#post("/createTask", body);
    this.ctx.storage.kv.put("task", { body, alarms: alarms + 1 });
    this.#setAlarm();
  }

  async #solve() {
    const { body, taskId } = this.ctx.storage.kv.get("task");
    if (taskId === undefined) {
      const answer = await this.#post("/createTask", body);
      this.ctx.storage.kv.put("task", { body, taskId: answer.taskId });
      this.#setAlarm();
      return;
    }
    const { status } = await this.#post("/getTaskResult", JSON.stringify({ taskId }));
    if (status === "processing") this.#setAlarm();
    else this.ctx.storage.kv.put("task", { body, taskId, status });
  }

  async #post(path, body) {
    const answer = await fetch(this.env.UPSTREAM_URL + path, { method: "POST", body });
    return answer.json();
  }

  #setAlarm(ms = Number(this.env.ALARM_MS)) {
    void this.ctx.storage.setAlarm(Date.now() + ms);
  }
}

export default {
  async fetch(request, env) {
    const body = await request.text();
    if (request.method === "GET") return new Response("ok");
    const id = await env.OBJECTS.get(env.OBJECTS.newUniqueId()).accept(body);
    return Response.json({ id }, { status: 202 });
  },
};
