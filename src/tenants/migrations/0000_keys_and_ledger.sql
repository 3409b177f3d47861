CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`name` text NOT NULL,
	`mode` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`ends_at` integer,
	`last_used_day` text
);
--> statement-breakpoint
CREATE TABLE `tasks` (
	`sequence` integer PRIMARY KEY NOT NULL,
	`task_id` text NOT NULL,
	`mode` text NOT NULL,
	`website` text NOT NULL,
	`status` text NOT NULL,
	`admitted` integer NOT NULL,
	`created_at` integer NOT NULL,
	`deadline_at` integer NOT NULL,
	`finished_at` integer,
	`solve_ms` integer,
	`error_code` text,
	`webhook_state` text
);
