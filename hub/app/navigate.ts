import { useUrlState } from './url-state';
import type { View } from './views';

export interface Navigate {
  /** Opens a view with exactly these parameters, as a step of the back button. */
  open: (view: View, params?: Readonly<Record<string, string | undefined>>) => void;
}

/** Opens views; what the former view kept in the address does not follow. */
export function useNavigate(): Navigate {
  const { params, patch } = useUrlState();
  return {
    open: (view, next = {}) => {
      const cleared = Object.fromEntries(Object.keys(params).map((name) => [name, undefined]));
      patch({ ...cleared, ...next, view });
    },
  };
}
