// The playground's live part: a message is asked of each side by itself, and its answer is shown as it comes. Without
// this script the form is sent as any other, and the answers are on the page that comes back.
(() => {
  const root = document.querySelector("[data-playground]");
  const form = root?.querySelector("[data-ask]");
  if (!form) return;
  // Where no script serves these are sent with the form beside; with one they are a form of their own.
  for (const tied of form.querySelectorAll("[form]")) {
    tied.removeAttribute("form");
    tied.removeAttribute("formaction");
  }
  const words = root.dataset;
  const status = form.querySelector("[data-status]");
  const [ask, stop] = [form.querySelector("[type=submit]"), form.querySelector("[data-stop]")];
  const settings = document.querySelector("[data-settings]");
  let plainly = false;
  let asking = null;

  const compare = () => root.classList.toggle("comparing", form.elements.compare?.checked ?? false);
  form.elements.compare?.addEventListener("change", compare);
  compare();

  // What was changed in the form beside is saved first: the draft is tried as it is on the screen.
  const typed = () => settings && new URLSearchParams(new FormData(document.querySelector("[data-settings]"))).toString();
  let saved = typed();
  document.addEventListener("settings:saved", () => { saved = typed(); });
  const saveFirst = async () => {
    if (!settings || typed() === saved) return true;
    status.textContent = `${words.saving}…`;
    const done = new Promise((resolve) => {
      const heard = (event) => {
        if (!event.detail.requestConfig.elt.matches("[data-settings]")) return;
        document.removeEventListener("htmx:afterRequest", heard);
        resolve(event.detail.successful);
      };
      document.addEventListener("htmx:afterRequest", heard);
    });
    document.querySelector("[data-settings]").requestSubmit();
    const successful = await done;
    await new Promise(requestAnimationFrame);
    if (successful && !document.querySelector("[data-settings] .has-error, [data-settings] [role=alert]")) {
      saved = typed();
      return true;
    }
    status.textContent = words.unsaved;
    document.querySelector("[data-settings] .has-error :is(input, textarea, select)")?.focus();
    return false;
  };

  const events = async function* (body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let pending = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      pending += value;
      const blocks = pending.split("\n\n");
      pending = blocks.pop();
      for (const block of blocks) {
        const [name, data] = block.split("\n");
        yield [name.slice("event: ".length), JSON.parse(data.slice("data: ".length))];
      }
    }
  };

  const shown = (html, article) => {
    const held = document.createElement("template");
    held.innerHTML = html;
    article.replaceWith(held.content);
  };

  const begin = (side, message) => {
    const list = root.querySelector(`[data-side=${side}] [data-trials]`);
    list.querySelector("[data-empty]")?.remove();
    for (const open of list.querySelectorAll("details[open]")) open.open = false;
    const article = root.querySelector("[data-running]").firstElementChild.cloneNode(true);
    article.querySelector("[data-question]").textContent = message;
    list.append(article);
    article.scrollIntoView({ block: "nearest" });
    return article;
  };

  // How long it takes is said, second by second, and what for.
  const waiting = (article) => {
    const started = Date.now();
    const line = article.querySelector("[data-wait]");
    let what = words.deciding;
    const show = () => { line.textContent = what ? `${what}… ${Math.round((Date.now() - started) / 1000)} s` : ""; };
    const timer = setInterval(show, 1000);
    show();
    return { now: (next) => { what = next; show(); }, end: () => { clearInterval(timer); line.textContent = ""; } };
  };

  const fail = (article, message) => {
    const line = article.querySelector("[data-error]");
    line.textContent = message;
    line.hidden = false;
    article.removeAttribute("aria-busy");
  };

  const decided = (article, told) => {
    const tag = article.querySelector("[data-outcome]");
    tag.textContent = told.outcome;
    tag.classList.add(`outcome-${told.outcome}`);
    tag.hidden = false;
    article.querySelector("[data-reason]").textContent = told.reason ?? "";
  };

  const take = (article, side, wait, name, data) => {
    if (name === "begun") {
      form.elements[side].value = data.conversation;
      decided(article, data);
      wait.now(words.waiting);
    } else if (name === "text") {
      wait.now("");
      article.querySelector("[data-answer]").textContent += data.text;
    } else if (name === "done" || data.html) {
      shown(data.html, article);
      return name === "done";
    } else if (name === "failed") {
      fail(article, data.message);
      return false;
    }
    return null;
  };

  const one = async (side, message, signal) => {
    const body = new FormData(form);
    body.set("side", side);
    const article = begin(side, message);
    const wait = waiting(article);
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal, headers: { accept: "text/event-stream" } });
      if (answer.redirected) throw new Error("signed out");
      if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
        const told = await answer.json().catch(() => ({ message: words.lost }));
        fail(article, told.message);
        return false;
      }
      let ended = null;
      for await (const [name, data] of events(answer.body)) ended = take(article, side, wait, name, data) ?? ended;
      if (ended === null) fail(article, words.lost);
      return ended === true;
    } catch (error) {
      if (error.message === "signed out") throw error;
      fail(article, signal.aborted ? words.stopped : words.lost);
      return false;
    } finally {
      wait.end();
    }
  };

  const remember = () => {
    const kept = new URLSearchParams(location.search);
    for (const name of ["draft", "live"]) if (form.elements[name].value) kept.set(name, form.elements[name].value);
    if (form.elements.compare?.checked) kept.set("compare", "on");
    history.replaceState(null, "", `?${kept}`);
  };

  const busy = (is) => {
    ask.disabled = is;
    stop.hidden = !is;
    asking = is ? new AbortController() : null;
  };

  form.addEventListener("submit", async (event) => {
    const message = form.elements.say.value;
    if (plainly || !message.trim()) return;
    event.preventDefault();
    if (asking) return;
    busy(true);
    try {
      if (!(await saveFirst())) return;
      status.textContent = "";
      const sides = form.elements.compare?.checked ? ["draft", "live"] : ["draft"];
      const ended = await Promise.all(sides.map((side) => one(side, message, asking.signal)));
      remember();
      if (!ended.every(Boolean)) return;
      form.elements.say.value = "";
      sessionStorage.removeItem(`typed:${location.pathname}`);  // it was answered
      status.textContent = words.answered;
      form.elements.say.focus();
    } catch {
      // The session ended. Sent as any other form, the message is kept until after signing in.
      plainly = true;
      ask.disabled = false;
      form.requestSubmit(ask);
    } finally {
      if (!plainly) busy(false);
    }
  });
  stop.addEventListener("click", () => asking?.abort());
  form.elements.say.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) form.requestSubmit(ask);
  });
})();
