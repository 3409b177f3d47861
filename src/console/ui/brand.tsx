// The logo. The name is always next to it, so it is hidden from screen readers.

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 25V15a8 8 0 0 1 16 0v10M16 25v-8" />
      <circle cx="16" cy="15.5" r="2.5" />
    </svg>
  );
}
