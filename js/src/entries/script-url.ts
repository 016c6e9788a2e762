// Stands in for `import.meta.url` in the classic script, which has none. Must run while the script does.

/** The address of the running script. */
export const scriptUrl = (document.currentScript as HTMLScriptElement | null)?.src ?? location.href;
