// Pages without WebDriver: a server that stands before the site and gives each page a script that asks for orders. For
// what no driver lets a browser do, such as keeping its storage or outliving a page.

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than any script of a fault waits for anything; a page that takes longer is gone. */
const RUN_LIMIT_MS = 120_000;

/** Runs in every page: takes one order after the other, for as long as the page lives. */
const obey = async (name) => {
  for (;;) {
    const order = await (await fetch(`/puppets/${name}/orders`)).json();
    let result;
    try {
      result = { value: await new Function("argument", `return (${order.script})(argument)`)(order.argument) };
    } catch (error) {
      result = { error: String(error) };
    }
    await fetch(`/puppets/${name}/results`, { method: "POST", body: JSON.stringify(result) });
  }
};

/** Starts a server whose pages obey; what it does not know itself, it fetches from the site. */
export async function startPuppets() {
  const puppets = new Map();
  let site;
  const server = createServer(async (request, response) => {
    const [, name, part] = /^\/puppets\/(\w+)\/(\w+)$/.exec(request.url) ?? [];
    const puppet = puppets.get(name);
    if (part === "orders") return puppet.ready((order) => response.end(JSON.stringify(order)));
    if (part === "results") {
      puppet.result(JSON.parse(await textOf(request)));
      return response.end();
    }
    return serve(site, request.url, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // It outlives the browsers of a profile, and nobody says when the last one is gone.
  server.unref();
  const { port } = server.address();
  let named = 0;
  return {
    /** A page-to-be: its address, and the way to have it run scripts once a browser has opened that. */
    prepare(address) {
      const { origin, pathname } = new URL(address);
      site = origin;
      const name = `puppet${++named}`;
      const puppet = new Puppet();
      puppets.set(name, puppet);
      return { address: `http://127.0.0.1:${port}${pathname}?${name}`, run: puppet.run.bind(puppet) };
    },
  };
}

/** One page: orders go in, results come out, one at a time. */
class Puppet {
  #give;
  #waiting = new Promise((resolve) => {
    this.#give = resolve;
  });

  /** The page asks for an order. */
  ready(give) {
    this.#give(give);
  }

  /** Has the page run a function, once there is a page. */
  run(script, argument) {
    const late = sleep(RUN_LIMIT_MS, undefined, { ref: false }).then(() => {
      throw new Error("the page does not answer");
    });
    return Promise.race([this.#order(script, argument), late]);
  }

  async #order(script, argument) {
    const give = await this.#waiting;
    this.#waiting = new Promise((resolve) => {
      this.#give = resolve;
    });
    const { value, error } = await new Promise((resolve) => {
      this.result = resolve;
      give({ script: String(script), argument });
    });
    if (error) throw new Error(error);
    return value;
  }
}

async function serve(site, path, response) {
  const answer = await fetch(site + path);
  const type = answer.headers.get("content-type") ?? "";
  response.writeHead(answer.status, { "content-type": type });
  response.write(Buffer.from(await answer.arrayBuffer()));
  const [, name] = /\?(puppet\d+)$/.exec(path) ?? [];
  return response.end(name && type.startsWith("text/html") ? `<script>(${obey})("${name}")</script>` : "");
}

async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
