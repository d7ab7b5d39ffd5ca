// The path below which the studio is, behind a proxy that has other things beside it: "" or, for instance, "/studio".
const here = new URL(import.meta.url).pathname;

export const ROOT = here.slice(0, here.lastIndexOf("/ui/"));
