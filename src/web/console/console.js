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

  // What has been typed or is being picked is not taken from under anybody's hands.
  const inUse = (region) => {
    const active = document.activeElement;
    if (active && region.contains(active) && active.matches("select")) return true;
    return [...region.querySelectorAll("input:not([type=hidden]):not([type=checkbox]), textarea")].some(
      (field) => field === active || field.value !== field.defaultValue,
    );
  };
  const waiting = new Map();
  const replace = (id, version, html) => {
    const region = document.getElementById(id);
    if (!region || region.dataset.version === version) return;
    if (inUse(region)) {
      waiting.set(id, [version, html]);
      return;
    }
    waiting.delete(id);
    const details = [...region.querySelectorAll("details")].map((one) => one.open);
    const focusable = () => [...region.querySelectorAll("a, button, input, select, summary, [tabindex]")];
    const at = focusable().indexOf(document.activeElement);
    const scrolled = [...region.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    region.innerHTML = html;
    region.dataset.version = version;
    [...region.querySelectorAll("details")].forEach((one, n) => { if (n < details.length) one.open = details[n]; });
    [...region.querySelectorAll(".scroll")].forEach((one, n) => { if (n < scrolled.length) one.scrollLeft = scrolled[n]; });
    if (at >= 0 && focusable()[at]) focusable()[at].focus({ preventScroll: true });
  };
  setInterval(() => waiting.forEach(([version, html], id) => replace(id, version, html)), 2000);

  // A part of the page has come or gone: it is loaded anew as soon as nobody types.
  let anew = false;
  const typing = () => [...document.querySelectorAll(".region")].some(inUse);
  const patch = ({ ids, changed }) => {
    const here = [...document.querySelectorAll("#alerts, #nav, #modes, #stop, .region")].map((region) => region.id);
    anew ||= here.length !== ids.length || ids.some((id) => !here.includes(id));
    changed.forEach(([id, version, html]) => replace(id, version, html));
    tick();
    if (anew && !typing()) location.reload();
  };
  setInterval(() => { if (anew && !typing()) location.reload(); }, 2000);

  let source = null;
  let late = null;
  const lost = () => {
    late ??= setTimeout(() => { offline.hidden = false; body.classList.add("stale"); }, 3000);
  };
  const found = () => {
    clearTimeout(late);
    late = null;
    offline.hidden = true;
    body.classList.remove("stale");
  };
  const open = () => {
    if (source || !body.dataset.live || document.hidden) return;
    source = new EventSource(body.dataset.live);
    source.onopen = found;
    source.addEventListener("patch", (event) => patch(JSON.parse(event.data)));
    source.addEventListener("gone", () => location.reload());
    source.onerror = () => {
      lost();
      // A browser gives up after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(open, 5000);
      }
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
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
