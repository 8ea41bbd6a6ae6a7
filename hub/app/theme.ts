/**
 * Browsers draw scroll bars, lists of choices and date pickers themselves: for a light page, or as the system says. The host's
 * theme is to decide, whenever it changes.
 */
export function followHostTheme(): void {
  const { style } = document.documentElement;
  const apply = (): void => {
    style.colorScheme = isDark(getComputedStyle(document.documentElement).getPropertyValue('--background-color'))
      ? 'dark'
      : 'light';
  };
  window.addEventListener('themeApplied', apply);
  apply();
}

/** `rgba(37, 37, 37, 1)`; a theme without a colour is the light one. */
export function isDark(colour: string): boolean {
  const [red = 255, green = 255, blue = 255] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (red * 299 + green * 587 + blue * 114) / 1000 < 128;
}
