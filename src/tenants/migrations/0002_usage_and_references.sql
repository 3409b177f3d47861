CREATE TABLE `usage_days` (
	`day` integer PRIMARY KEY NOT NULL,
	`live` text NOT NULL,
	`test` text NOT NULL,
	`live_keys` text NOT NULL,
	`test_keys` text NOT NULL
);
--> statement-breakpoint
ALTER TABLE `tasks` ADD `reference` text;--> statement-breakpoint
ALTER TABLE `tasks` ADD `key_id` text;--> statement-breakpoint
ALTER TABLE `tasks` ADD `month_count` integer;--> statement-breakpoint
CREATE INDEX `tasks_reference` ON `tasks` (`reference`) WHERE "tasks"."reference" is not null;