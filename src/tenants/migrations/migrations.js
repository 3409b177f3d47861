import journal from './meta/_journal.json';
import m0000 from './0000_keys_and_ledger.sql';
import m0001 from './0001_unsolved_ms.sql';
import m0002 from './0002_usage_and_references.sql';
import m0003 from './0003_audit.sql';

  export default {
    journal,
    migrations: {
      m0000,
m0001,
m0002,
m0003
    }
  }
  