// React 19 sets properties and listens to events of custom elements by itself.
import "@clarion/inbox";
import type { ClarionEvents, ClarionInbox } from "@clarion/inbox";
import type { DetailedHTMLProps, HTMLAttributes } from "react";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "clarion-inbox": DetailedHTMLProps<HTMLAttributes<ClarionInbox>, ClarionInbox> & {
        server?: string;
        toasts?: boolean;
        getToken?: () => string | Promise<string>;
        "onclarion-open"?: (event: CustomEvent<ClarionEvents["clarion-open"]>) => void;
      };
    }
  }
}

const getToken = async (): Promise<string> => (await (await fetch("/my/clarion-token", { method: "POST" })).json()).access;

export function Bell({ navigate }: { navigate: (link: string) => void }) {
  return (
    <clarion-inbox
      server="https://notify.example.com"
      toasts
      getToken={getToken}
      onclarion-open={(event) => {
        event.preventDefault();
        if (event.detail.link) navigate(event.detail.link);
      }}
    />
  );
}
