/** The build collects style sheets; modules only name them. */
declare module '*.css';
