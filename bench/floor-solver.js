// The floor that solves: the least Worker that does a task's whole job. Each request makes one object, one put and one setAlarm;
// the alarm submits to the upstream, polls it each interval, and posts the end to a receiver. It checks nothing, signs nothing,
// retries nothing, forgets nothing, and loses a task with its object's memory.

import { DurableObject } from "cloudflare:workers";

export class FloorObject extends DurableObject {
  #upstreamId = null;

  async accept(body) {
    this.ctx.storage.kv.put("task", body);
    void this.ctx.storage.setAlarm(Date.now() + 1);
    return this.ctx.id.toString();
  }

  async alarm() {
    const { task, webhookUrl } = this.ctx.storage.kv.get("task");
    if (this.#upstreamId === null) {
      const { taskId } = await this.#ask("/createTask", { clientKey: "floor", task });
      this.#upstreamId = taskId;
    } else {
      const { status } = await this.#ask("/getTaskResult", { clientKey: "floor", taskId: this.#upstreamId });
      if (status === "ready") {
        if (webhookUrl !== undefined) await post(webhookUrl, { data: { task } });
        return;
      }
    }
    void this.ctx.storage.setAlarm(Date.now() + Number(this.env.POLL_INTERVAL_MS));
  }

  async #ask(path, body) {
    return (await post(this.env.UPSTREAM_URL + path, body)).json();
  }
}

function post(url, body) {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

export default {
  async fetch(request, env) {
    if (request.method === "GET") return new Response("ok");
    const id = await env.OBJECTS.get(env.OBJECTS.newUniqueId()).accept(await request.json());
    return Response.json({ id }, { status: 202 });
  },
};
