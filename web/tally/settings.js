// What the reader of this browser prefers: language and theme. Kept here and not in the address, which is for others too.

/** Each in its own words. */
export const LANGUAGES = { en: "English", nb: "Norsk" };
export const THEMES = ["system", "light", "dark"];

/** Local storage may be forbidden; then a choice lasts as long as the page. */
function remembered(key) {
  try {
    return localStorage.getItem(`tally.${key}`);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(`tally.${key}`, value);
  } catch {
    // The choice is in effect all the same.
  }
}

/** "nb" for Norwegian in any form. */
function languageOf(tag) {
  const language = tag.toLowerCase().split("-")[0];
  return language === "no" || language === "nn" ? "nb" : language;
}

function firstLanguage() {
  const chosen = remembered("language");
  if (chosen in LANGUAGES) {
    return chosen;
  }
  return tags.map(languageOf).find((language) => language in LANGUAGES) ?? "en";
}

/** The browser's languages; it may have some that are none. */
const tags = [...navigator.languages].filter((tag) => {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
});

/**
 * Numbers and dates are the reader's own: those of the browser's first tag, whatever language the texts are in; of a
 * chosen language they are its own. Where Intl has nothing for a tag, such as nn, it takes the language.
 */
function localeFor(language) {
  const [first] = remembered("language") === null ? tags : tags.filter((tag) => languageOf(tag) === language);
  return first === undefined ? [language] : [first, language];
}

export const settings = { language: firstLanguage(), locale: ["en"], theme: "system" };
settings.locale = localeFor(settings.language);
settings.theme = THEMES.includes(remembered("theme")) ? remembered("theme") : "system";

export function chooseLanguage(language) {
  remember("language", language);
  settings.language = language;
  settings.locale = localeFor(language);
}

export function chooseTheme(theme) {
  remember("theme", theme);
  settings.theme = theme;
  applyTheme();
}

/** Puts the theme on the page: the style sheets and the charts go by the attribute. */
export function applyTheme(theme = settings.theme) {
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  dispatchEvent(new Event("themechange"));
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applyTheme());
// Paper is white.
addEventListener("beforeprint", () => applyTheme("light"));
addEventListener("afterprint", () => applyTheme());
