// Which parameters of an address are kept.

/** PostHog's campaign parameters and click ids, without which attribution is blind. */
export const QUERY_KEYS =
  "utm_source utm_medium utm_campaign utm_content utm_term gad_source mc_cid gclid gclsrc dclid gbraid wbraid fbclid msclkid twclid li_fat_id igshid ttclid rdt_cid epik qclid sccid irclid _kx".split(
    " ",
  );
