// What people give: URLs, catalog entries, permalinks.

const EARTHDATA_BUCKET = /^nsidc-cumulus-prod-(protected|public)$/;

// What signs a URL, as the engine has it (crates/byte-ranges/src/place.rs).
const SIGNING = /^(signature|expires|policy|key-pair-id|awsaccesskeyid|googleaccessid|a-userid|apikey|api_key|x-amz-.*|x-goog-.*|.*(token|secret|passw|credential).*)$/i;
const AZURE = /^(sig|sv|ss|srt|sp|se|st|sr|spr|sip|si|sks|skt|ske|skv|skoid|sktid)$/i;

/** A location for people and ledgers: a URL without fragment and signature, which is a password. */
export function shown(url) {
  const [path, query] = url.split("#")[0].split(/\?(.*)/s);
  const names = (query ?? "").split("&").map((parameter) => parameter.split("=")[0]);
  const azure = names.some((name) => /^sig$/i.test(name));
  const kept = (query ?? "").split("&").filter((_, at) => !SIGNING.test(names[at]) && !(azure && AZURE.test(names[at])));
  return kept.some((parameter) => parameter !== "") ? `${path}?${kept.join("&")}` : path;
}

const path = (url) => url.split(/[?#]/)[0];

/** The https address of an object; NSIDC's buckets have a host of their own. */
function fromS3(url) {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
  if (!key) return null;
  // `#` and `?` are characters of a key.
  const encoded = key.split("/").map(encodeURIComponent).join("/");
  return EARTHDATA_BUCKET.test(bucket)
    ? `https://data.nsidc.earthdatacloud.nasa.gov/${bucket}/${encoded}`
    : `https://${bucket}.s3.amazonaws.com/${encoded}`;
}

/** An address that can be fetched, or null. */
function address(text) {
  if (text.startsWith("s3://")) return fromS3(text);
  try {
    const url = new URL(text, document.baseURI);
    return /^https?:$/.test(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * Reads what was typed or pasted: one URL a line, or JSON of a catalog: an event (`granule_urls`), an answer of CMR in
 * umm_json, a STAC item or collection of items, or a list of any of these. Answers `{ urls, cell, childOrder }`.
 */
export function parseInput(text) {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    let json;
    try {
      json = JSON.parse(trimmed);
    } catch (error) {
      throw new Error(`The catalog entry is not valid JSON: ${error.message}`);
    }
    return parseCatalog(json);
  }
  const urls = trimmed.split(/\s+/).filter((word) => word !== "").map((word) => {
    const url = address(word);
    if (!url) throw new Error(`“${word}” is not a URL: write https://host/granule.h5 or s3://bucket/granule.h5.`);
    return url;
  });
  return { urls: unique(urls), cell: null, childOrder: null };
}

function parseCatalog(json) {
  const found = { urls: [], cell: null, childOrder: null };
  const add = (link) => {
    const url = typeof link === "string" ? address(link) : null;
    if (url && /\.(h5|hdf5|he5)$/i.test(path(url))) found.urls.push(url);
  };
  const visit = (entry) => {
    if (typeof entry === "string") return add(entry);
    if (Array.isArray(entry)) return entry.forEach(visit);
    if (!entry || typeof entry !== "object") return undefined;
    if (entry.parent_morton !== undefined) found.cell = String(entry.parent_morton);
    if (entry.child_order !== undefined) found.childOrder = Number(entry.child_order);
    entry.granule_urls?.forEach(add);
    (entry.items ?? entry.features ?? []).forEach(visit);
    // UMM-G: data links; the s3:// link and the https link of a record name the same granule.
    const related = (entry.umm ?? entry).RelatedUrls ?? [];
    related.filter(({ Type }) => Type === "GET DATA").forEach(({ URL: link }) => add(link));
    if (!related.some(({ Type }) => Type === "GET DATA")) related.forEach(({ URL: link }) => add(link));
    // STAC
    Object.values(entry.assets ?? {}).forEach(({ href }) => add(href));
    return undefined;
  };
  visit(json);
  found.urls = byName(found.urls);
  if (found.urls.length === 0) throw new Error("The catalog entry names no granule: it has no link to an .h5 file.");
  return found;
}

const unique = (list) => [...new Set(list)];

/** One link a granule, the first. */
const byName = (urls) => [...new Map(urls.toReversed().map((url) => [path(url).split("/").pop(), url])).values()].toReversed();

/**
 * What the engine has to know of a granule by URL: through the local proxy, where one is set and takes the host; and whether
 * the server takes several ranges in one request, as icestream serve says it does.
 */
export function remote(url, proxy) {
  const { host } = new URL(url);
  const takes = proxy?.hosts.some((name) => (name.startsWith(".") ? host.endsWith(name) : host === name));
  const to = takes ? `${proxy.base}proxy/${url}` : url;
  return { location: shown(url), url: to, several: Boolean(proxy?.several) && to.startsWith(proxy.base) };
}

/** The state of a link, from the part after `#`. */
export function readLink(hash) {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    sample: params.get("sample") === "1",
    urls: params.getAll("g"),
    cell: params.get("cell") ?? "",
    latitude: params.get("latitude") === "authalic" ? "authalic" : "spherical",
    childOrder: Number(params.get("children")) || 12,
    partial: params.get("partial") === "1",
    product: params.get("product") ?? "auto",
    cycle: params.get("cycle") ?? "",
    keep: params.getAll("keep").join("\n"),
    by: params.get("by") ?? "",
    windows: params.get("windows") ?? "",
    from: params.get("from") ?? "",
    to: params.get("to") ?? "",
    change: params.get("change") === "1",
    variable: params.get("show") ?? "h_mean",
    colours: params.get("colours") ?? "dusk",
  };
}

/** The link of a state. What signs a URL stays out. */
export function writeLink(state) {
  const params = new URLSearchParams();
  if (state.cell) params.set("cell", state.cell);
  params.set("latitude", state.latitude);
  params.set("children", state.childOrder);
  if (state.partial) params.set("partial", "1");
  if (state.product !== "auto") params.set("product", state.product);
  if (state.cycle) params.set("cycle", state.cycle);
  for (const line of state.keep.split("\n").filter(Boolean)) params.append("keep", line);
  for (const name of ["by", "windows", "from", "to"]) if (state[name]) params.set(name, state[name]);
  if (state.change) params.set("change", "1");
  params.set("show", state.variable);
  params.set("colours", state.colours);
  if (state.sample) params.set("sample", "1");
  else for (const url of state.urls) params.append("g", shown(url));
  return `#${params}`;
}
