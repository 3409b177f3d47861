CREATE TABLE `audit` (
	`id` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`action` text NOT NULL,
	`actor_key_id` text,
	`target` text NOT NULL,
	`mode` text,
	`details` text NOT NULL
);
