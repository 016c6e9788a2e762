/** The version of the package, written in by the build. */
declare const __VERSION__: string;

interface Document {
  /** Whether nobody has seen the page yet, and perhaps nobody ever will (Prerendering Revamped; Chromium). */
  readonly prerendering?: boolean;
}
