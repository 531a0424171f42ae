"""Having evaluations done: by Ray Tune, or in this process.

Ray reads its settings when it is imported, so they stand here, before any module of this package can import it.
"""

import os
import secrets

SETTINGS_OF_RAY = {
    # Nobody but our own processes may speak to our Ray.
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # The database is the only truth: Tune writes no results, and its own state only at the end.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_WARN_THRESHOLD_S": "60",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # Our search hands out no more than may run, so all workers may be started at once.
    "TUNE_MAX_PENDING_TRIALS_PG": "1024",
    # A job may wait for a worker as long as others need them all.
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "1000000000",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S_AUTOSCALER": "1000000000",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "5",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
}
for _name, _value in SETTINGS_OF_RAY.items():
    os.environ.setdefault(_name, _value)
