// What went wrong, and what a person can do next.

/** CORS rules for a bucket of one's own, to paste into its permissions. */
export const CORS_RULES = `[
  {
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedHeaders": ["Range"],
    "ExposeHeaders": ["Content-Range", "Content-Length", "ETag"],
    "MaxAgeSeconds": 3600
  }
]`;

const serveLine = () => `icestream serve --allow-origin ${location.origin}`;
const DROP = "Download the granule and drop the file on this page.";

const KINDS = [
  {
    test: ({ message }) => /\(CORS\)/.test(message),
    title: "The server does not allow this page to read",
    steps: (failure) => [
      ...(isEarthdata(failure.message) ? ["NSIDC's own hosts do not answer pages of other sites. That is how they are set up; nothing is wrong with the granule."] : []),
      DROP,
      "Or put it in a bucket of your own, with these CORS rules:",
      { code: CORS_RULES },
      "Or run a local proxy, which adds what is missing and sends your Earthdata token, and name it under “Reading through a local proxy”:",
      { code: serveLine() },
    ],
  },
  {
    test: ({ message }) => /ignores Range/.test(message),
    title: "The server does not serve parts of files",
    steps: () => [DROP, "Or put it on a server that serves byte ranges: S3, Apache, nginx and icestream serve do."],
  },
  {
    class: "changed",
    title: "The file changed while it was read",
    steps: () => ["Start again: what was read belongs to two versions of the file, so nothing of it was used."],
  },
  {
    test: (failure) => failure.class === "truncated" || /past the end of the file/.test(failure.message),
    title: "The file is cut short",
    steps: () => ["Download it again and compare its size with the catalog's.", "Or allow results without it (“Leave out what cannot be read”)."],
  },
  {
    test: ({ message }) => /not an HDF5 file/.test(message),
    title: "This is not an HDF5 file",
    steps: () => ["Check the link: a login page or an error message saved as .h5 looks like this.", "Download the granule again."],
  },
  {
    test: (failure) => ["corrupt", "limit"].includes(failure.class),
    title: "The file is damaged",
    steps: () => ["Download it again.", "Or allow results without it (“Leave out what cannot be read”)."],
  },
  {
    class: "denied",
    title: "The server refuses access",
    steps: (failure) => [
      isEarthdata(failure.message)
        ? "Earthdata wants a login. A page cannot send your token; icestream serve on your machine can:"
        : "Make the object readable, or use a signed URL that has not expired; or read it with the login of your machine:",
      { code: serveLine() },
      DROP,
    ],
  },
  { class: "not_found", title: "There is no such file", steps: () => ["Check the link: granules get new names when they are processed again."] },
  {
    test: (failure) => ["unavailable", "timeout"].includes(failure.class),
    title: "The network or the server is gone",
    steps: () => ["Check the connection, then run it again. Nothing is lost: a run starts from the granules each time."],
  },
  {
    class: "attribute",
    title: "An attribute of this file cannot be applied",
    steps: () => ["Repair the attribute named in the message (ncatted, h5py).", "Or allow results without the file (“Leave out what cannot be read”)."],
  },
  {
    test: (failure) => failure.class === "product" && /--cycle/.test(failure.message),
    title: "The cycle is missing",
    steps: () => ["Write one of the cycles named above under “Product”."],
  },
  {
    class: "product",
    title: ({ message }) => `This is not a granule of ${asked(message)}`,
    steps: ({ message }) => [
      `Check that the file is ${/^[AEIO]/.test(asked(message)) ? "an" : "a"} ${asked(message)} granule with its tracks in it; a subset may lack what is read.`,
      "Choose under “Product” what the granules are, or leave the choice to them.",
    ],
  },
  { class: "unsupported", title: "This file uses a feature that is not supported", steps: () => ["This page undoes deflate, shuffle and Fletcher-32, which NASA’s granules use; the command icestream cell undoes more filters.", "If it cannot read it either, please report it with the message above."] },
  { class: "config", title: "The server hides what a reader has to see", steps: () => [DROP, "Or expose the headers named above:", { code: CORS_RULES }] },
];

/** The product that was asked for, as the engine's message names it. */
const asked = (text) => / (?:the job reads|the tracks of) ([^\s:]+)/.exec(text)?.[1] ?? "this product";
const isEarthdata = (text) => /earthdata|nsidc/i.test(text);

/** `{ title, message, steps }` of a failed run: steps are sentences or `{ code }` to copy. */
export function explain(error) {
  if (error.cancelled || error.message === "cancelled") {
    return { title: "Cancelled", message: "Nothing more is requested. What was painted so far stays until the next run.", steps: [] };
  }
  const failed = error.ledger?.granules.filter((entry) => entry.error && entry.error.class !== "not_read") ?? [];
  if (failed.length === 0) return { title: "This cannot be run", message: error.message, steps: [] };
  const failure = failed[0].error;
  const kind = KINDS.find((each) => each.class === failure.class || each.test?.(failure));
  const others = failed.length > 1 ? ` (${failed.length - 1} more could not be read either.)` : "";
  const [{ granule }] = failed;
  const named = failure.message.includes(granule) ? failure.message : `${granule}: ${failure.message}`;
  return {
    title: (typeof kind?.title === "function" ? kind.title(failure) : kind?.title) ?? "A granule could not be read",
    message: named.replaceAll("`", "").replace(/\.?$/, ".") + others,
    steps: kind?.steps(failure) ?? [],
  };
}
