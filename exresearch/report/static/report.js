// Works without: the contents stay open, tables are whole, the code stays hidden and everything can be read.
(() => {
  const root = document.documentElement, all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id), single = root.classList.contains("one-file");
  // A browser may keep nothing for files, or forbid it.
  const store = { get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, value); } catch { /* lasts as long as the page */ } } };
  const say = (text) => { byId("exr-status").textContent = text; };

  const contents = byId("contents");
  if (window.matchMedia("(max-width: 60rem)").matches) contents.removeAttribute("open");
  for (const more of all(".exr-unfold")) {
    const table = more.closest(".exr-table");
    table.classList.add("exr-folded");
    more.hidden = false;
    more.addEventListener("click", () => {
      table.classList.remove("exr-folded");
      more.remove();
      const scroll = table.querySelector(".exr-scroll");
      scroll.tabIndex = 0;
      scroll.focus();
    });
  }
  // On paper nothing can be opened.
  window.addEventListener("beforeprint", () => { for (const folded of all("details:not(.exr-data)")) folded.open = true; });

  // Only what scrolls is a stop on the way of the Tab key.
  const stops = () => {
    for (const box of all(".exr-scroll, .exr-paper")) {
      if (!box.offsetParent) continue;
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else if (document.activeElement !== box) box.removeAttribute("tabindex");
    }
  };

  // The code.
  const button = byId("code-button");
  if (button) {
    const show = (on) => { root.classList.toggle("show-code", on); button.setAttribute("aria-pressed", String(on)); };
    button.hidden = false;
    show(store.get("exresearch-code") === "shown");
    button.addEventListener("click", () => {
      const on = !root.classList.contains("show-code");
      show(on);
      store.set("exresearch-code", on ? "shown" : "hidden");
      say(on ? button.dataset.on : button.dataset.off);
    });
  }

  // One file: one page at a time, by the address.
  const pages = all(".exr-page"), titleOf = (page) => page.querySelector("h1, h2").textContent;
  const whole = document.title;
  const turn = () => {
    const target = byId(decodeURIComponent(location.hash.slice(1)));
    const page = (target && target.closest(".exr-page")) || pages[0];
    if (target && !target.closest(".exr-page") && pages.some((one) => one.classList.contains("here"))) return;
    const changed = !page.classList.contains("here");
    for (const one of pages) one.classList.toggle("here", one === page);
    for (const link of all(".pages > li > a")) {
      if (link.hash === `#${page.id}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    }
    document.title = page === pages[0] ? whole : `${titleOf(page)} – ${whole}`;
    if (changed) { if (target) target.scrollIntoView(); else window.scrollTo(0, 0); stops(); }
    mark();
  };

  // Where the reader is.
  const toc = all(".toc a").map((link) => [link, byId(decodeURIComponent(link.hash.slice(1)))]).filter(([, to]) => to);
  let current = null;
  const mark = () => {
    let here = null;
    for (const [link, to] of toc) if (to.offsetParent && to.getBoundingClientRect().top < innerHeight * 0.3) here = link;
    if (here === current) return;
    if (current) current.removeAttribute("aria-current");
    if (here) {
      here.setAttribute("aria-current", "location");
      const side = here.closest(".side"), at = here.getBoundingClientRect(), within = side.getBoundingClientRect();
      if (side.scrollHeight > side.clientHeight && (at.top < within.top + 40 || at.bottom > within.bottom - 40)) {
        side.scrollTop += at.top - within.top - side.clientHeight / 3;
      }
    }
    current = here;
  };
  let waiting = false;
  const later = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; mark(); }); } };
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", () => { later(); stops(); });
  if (single && pages.length) { root.classList.add("turning"); addEventListener("hashchange", turn); turn(); }
  mark();
  stops();
  for (const fold of all("details")) fold.addEventListener("toggle", stops);

  // A row of a table has an address; the link to it is made when it is pointed at.
  document.addEventListener("pointerover", (event) => {
    const row = event.target.closest && event.target.closest("tbody tr[id]");
    const head = row && row.querySelector("th");
    if (!head || head.querySelector(".anchor")) return;
    const link = document.createElement("a");
    link.className = "anchor";
    link.href = `#${row.id}`;
    link.tabIndex = -1;
    link.setAttribute("aria-hidden", "true");
    link.textContent = "#";
    head.append(link);
  });
  // What an address leads to may be folded away.
  const open = () => {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const folded = target.closest("details:not([open])");
    if (folded) folded.open = true;
    const rows = target.closest(".exr-folded");
    if (rows && target.matches("tr") && !target.offsetParent) rows.querySelector(".exr-unfold").click();
    if (folded || rows) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();

  // Search.
  const form = byId("exr-find"), words = byId("exr-words"), panel = byId("exr-results"), list = byId("exr-found");
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let places = null;
  const read = () => {
    if (places) return places;
    places = [];
    for (const [name, title, entries] of JSON.parse(byId("exr-places").textContent)) {
      for (const [id, heading, ...texts] of entries) {
        const href = single ? `#${name}${id && `.${id}`}` : `${name}.html${id && `#${id}`}`;
        places.push({ href, title, heading, texts, in: plain(`${title} ${heading} ${texts.join(" ")}`), top: plain(heading || title) });
      }
    }
    return places;
  };
  const find = (asked) => {
    const sought = plain(asked).split(/\s+/).filter(Boolean);
    if (!sought.length || plain(asked).trim().length < 2) return null;
    const hits = read().filter((place) => sought.every((word) => place.in.includes(word)));
    const rank = (place) => sought.filter((word) => place.top.includes(word)).length;
    return [sought, hits.map((place, order) => [rank(place), order, place]).sort((a, b) => b[0] - a[0] || a[1] - b[1]).map((hit) => hit[2])];
  };
  // The text around the first word that was found, with what was found marked; accents take no room of their own here.
  const excerpt = (place, sought) => {
    const text = place.texts.find((one) => sought.some((word) => plain(one).includes(word))) || place.texts[0] || "";
    const low = [...text.normalize("NFC")].map((sign) => plain(sign)[0] || sign).join(""), signs = [...text.normalize("NFC")];
    const first = Math.min(...sought.map((word) => { const at = low.indexOf(word); return at < 0 ? Infinity : at; }));
    const from = first === Infinity || first < 60 ? 0 : low.lastIndexOf(" ", first - 40) + 1, to = Math.min(signs.length, from + 170);
    const out = document.createElement("span");
    out.className = "excerpt";
    if (from) out.append("… ");
    let done = from;
    while (done < to) {
      let next = [to, ""];
      for (const word of sought) { const at = low.indexOf(word, done); if (at >= 0 && at < next[0]) next = [at, word]; }
      out.append(signs.slice(done, next[0]).join(""));
      if (next[1]) {
        const hit = document.createElement("mark");
        hit.textContent = signs.slice(next[0], next[0] + next[1].length).join("");
        out.append(hit);
      }
      done = next[0] + next[1].length;
    }
    if (to < signs.length) out.append(" …");
    return out;
  };
  const close = () => { panel.hidden = true; };
  const search = () => {
    const found = find(words.value);
    list.replaceChildren();
    panel.hidden = !found;
    if (!found) { say(""); return; }
    const [sought, hits] = found;
    for (const place of hits.slice(0, 20)) {
      const item = document.createElement("li"), link = document.createElement("a"), where = document.createElement("strong");
      link.href = place.href;
      where.textContent = place.heading && place.heading !== place.title ? `${place.title} › ${place.heading}` : place.title;
      link.append(where, " ", excerpt(place, sought));
      item.append(link);
      list.append(item);
    }
    const data = form.dataset;
    const told = !hits.length ? data.none : hits.length === 1 ? data.one : (hits.length > 20 ? data.first : data.many).replace("#", hits.length);
    byId("exr-count").textContent = told;
    say(told);
  };
  let pause = 0;
  form.hidden = false;
  words.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(search, 120); });
  words.addEventListener("focus", () => { if (list.children.length) panel.hidden = false; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
    const first = list.querySelector("a");
    if (first) first.click();
  });
  form.addEventListener("keydown", (event) => {
    const links = all("a", list), at = links.indexOf(document.activeElement);
    if (event.key === "Escape") { if (!panel.hidden) { event.preventDefault(); close(); words.focus(); close(); } return; }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (panel.hidden || !links.length) return;
    event.preventDefault();
    const to = event.key === "ArrowDown" ? Math.min(at + 1, links.length - 1) : at - 1;
    (to < 0 ? words : links[to]).focus();
  });
  form.addEventListener("focusout", (event) => { if (event.relatedTarget && !form.contains(event.relatedTarget)) close(); });
  document.addEventListener("pointerdown", (event) => { if (!form.contains(event.target)) close(); });
  list.addEventListener("click", (event) => { if (event.target.closest("a")) setTimeout(close); });
})();
