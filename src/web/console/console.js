// Keeps a page of the console up to date. Everything works without it; then a page shows what was so when it was loaded.
"use strict";
(() => {
  const body = document.body;
  const offline = document.getElementById("offline");

  // Times that pass: the server says since when, and the page counts.
  const length = (s) => {
    const two = (n) => String(n).padStart(2, "0");
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  };
  // The daemon's clock counts, from when it made the page; this computer's may be wrong.
  const made = Number(body.dataset.now);
  const loaded = performance.now();
  const now = () => made + (performance.now() - loaded);
  const tick = () => {
    const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
    for (const element of document.querySelectorAll("[data-since]")) {
      put(element, length(Math.max(0, Math.round((now() - Number(element.dataset.since)) / 1000))));
    }
    for (const element of document.querySelectorAll("[data-until]")) {
      const left = Math.round((Number(element.dataset.until) - now()) / 1000);
      put(element, left > 0 ? `in ${length(left)}` : "now");
    }
  };
  if (made) {
    tick();
    setInterval(tick, 1000);
  }

  // What has been typed or is being picked is not taken from under anybody's hands; it is marked instead, and its buttons wait.
  const inUse = (region) => {
    const active = document.activeElement;
    if (active && region.contains(active) && active.matches("select")) return true;
    return [...region.querySelectorAll("input:not([type=hidden]):not([type=checkbox]), textarea")].some(
      (field) => field === active || field.value !== field.defaultValue,
    );
  };
  const waiting = new Map();
  // What a button or a link does: by that it is found again, and not by where it stands.
  const does = (element) => {
    const form = element.closest("form");
    const fields = form ? [...form.querySelectorAll("input[type=hidden]")].map((field) => `${field.name}=${field.value}`) : [];
    return [element.tagName, element.name, element.getAttribute("href"), form?.getAttribute("action"), fields, element.textContent].join("\n");
  };
  const replace = (id, version, html) => {
    const region = document.getElementById(id);
    if (!region || region.dataset.version === version) return;
    if (inUse(region)) {
      waiting.set(id, [version, html]);
      region.classList.add("changed");
      return;
    }
    waiting.delete(id);
    region.classList.remove("changed");
    const details = [...region.querySelectorAll("details")].map((one) => one.open);
    const active = region.contains(document.activeElement) ? does(document.activeElement) : null;
    const scrolled = [...region.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    region.innerHTML = html;
    region.dataset.version = version;
    [...region.querySelectorAll("details")].forEach((one, n) => { if (n < details.length) one.open = details[n]; });
    [...region.querySelectorAll(".scroll")].forEach((one, n) => { if (n < scrolled.length) one.scrollLeft = scrolled[n]; });
    if (active !== null) {
      const again = [...region.querySelectorAll("a, button, input, select, summary, [tabindex]")].find((one) => does(one) === active);
      again?.focus({ preventScroll: true });
    }
  };
  setInterval(() => waiting.forEach(([version, html], id) => replace(id, version, html)), 2000);

  // Parts of the page that come and go, such as plans, come behind those that are there, and leave nothing moved but what was below.
  let moved = -Infinity;
  let anew = false;
  const typing = () => [...document.querySelectorAll(".region")].some(inUse);
  const place = (ids, changed) => {
    const main = document.getElementById("main");
    const parts = new Map(changed.map(([id, version, html]) => [id, [version, html]]));
    const frame = ["alerts", "nav", "modes", "stop"];
    const wanted = ids.filter((id) => !frame.includes(id));
    for (const region of [...main.querySelectorAll(":scope > .region")]) {
      if (wanted.includes(region.id)) continue;
      if (inUse(region)) region.classList.add("changed");
      else region.remove();
      moved = performance.now();
    }
    wanted.forEach((id, n) => {
      if (document.getElementById(id)) return;
      if (!parts.has(id)) { anew = true; return; }
      const region = document.createElement("div");
      region.className = "region";
      region.id = id;
      const after = wanted.slice(0, n).reverse().map((one) => document.getElementById(one)).find((one) => one);
      if (after) after.after(region); else main.querySelector("h1").after(region);
      moved = performance.now();
    });
  };
  const patch = ({ ids, changed }) => {
    place(ids, changed);
    changed.forEach(([id, version, html]) => replace(id, version, html));
    tick();
    if (anew && !typing()) location.reload();
  };
  setInterval(() => { if (anew && !typing()) location.reload(); }, 2000);
  // A button that has just come under the pointer is not meant; nor is one of a part that has changed meanwhile.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("main form.act button");
    if (!button) return;
    const late = performance.now() - moved < 700 && event.detail > 0;
    if (late || button.closest(".changed")) event.preventDefault();
  }, true);

  let source = null;
  let late = null;
  let heard = performance.now();
  const lost = () => {
    late ??= setTimeout(() => { offline.hidden = false; body.classList.add("stale"); }, 3000);
  };
  const found = () => {
    heard = performance.now();
    clearTimeout(late);
    late = null;
    offline.hidden = true;
    body.classList.remove("stale");
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    if (source || !body.dataset.live || document.hidden) return;
    heard = performance.now();
    source = new EventSource(body.dataset.live);
    source.addEventListener("alive", found);
    source.addEventListener("patch", (event) => { found(); patch(JSON.parse(event.data)); });
    source.addEventListener("gone", () => location.reload());
    source.onerror = () => {
      lost();
      // A browser gives up after an answer that is no stream: whoever is not logged in any more logs in.
      if (source?.readyState === EventSource.CLOSED) {
        close();
        fetch(body.dataset.live, { headers: { accept: "text/plain" } }).then((answer) => {
          answer.body?.cancel();
          if (answer.status === 401) location.reload();
        }).catch(() => {});
        setTimeout(open, 5000);
      }
    };
  };
  // A daemon that hangs keeps its connections open and says nothing: it speaks up every 15 s when it is well.
  setInterval(() => {
    if (source && performance.now() - heard > 40000) {
      lost();
      close();
      open();
    }
  }, 5000);
  // A browser has few connections to one address: what nobody looks at needs none.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    // Back from another page, as it was left.
    if (event.persisted) for (const button of document.querySelectorAll("button")) button.disabled = false;
    open();
  });
  open();

  // A button that was pressed is not pressed twice.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button) setTimeout(() => { button.disabled = true; }, 0);
  });
})();
