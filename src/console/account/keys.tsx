// The keys of the signed-in key's mode.

import { useTenant } from "../session/session.ts";
import { Button } from "../ui/controls.tsx";
import { Empty, Heading } from "../ui/surfaces.tsx";
import { KeyDialogs, useKeyDialogs } from "./key-dialogs.tsx";
import { KeyList } from "./key-list.tsx";
import { managerOfKey } from "./key-manager.ts";

export function KeysView() {
  const session = useTenant();
  const { can, me, adopt, signOut } = session;
  const manager = managerOfKey(session);
  const dialogs = useKeyDialogs();
  return (
    <>
      <Heading
        aside={
          manager.canWrite ? (
            <Button kind="primary" onClick={() => dialogs.open({ tag: "create" })}>
              Create key
            </Button>
          ) : undefined
        }
      >
        Keys
      </Heading>
      <p class="lead">
        The {me.mode} keys of your tenant. A key is shown once, when it is created; a lost key has to be replaced.
      </p>
      {can("account:read") ? (
        <KeyList manager={manager} version={dialogs.version} onOpen={dialogs.open} />
      ) : (
        <Empty title="This key may not list keys">
          <p>It lacks account:read. It can still create keys.</p>
        </Empty>
      )}
      <KeyDialogs
        manager={manager}
        dialogs={dialogs}
        onOwnReplaced={adopt}
        onOwnRevoked={(name) => signOut(`You revoked the key “${name}”, with which you were signed in.`)}
      />
    </>
  );
}
