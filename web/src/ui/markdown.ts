import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false });

// A picture of another site would tell it who reads this note: it becomes a link.
markdown.renderer.rules.image = (tokens, index) => {
  const token = tokens[index];
  const { escapeHtml } = markdown.utils;
  const address = String(token?.attrGet("src") ?? "");
  return `<a href="${escapeHtml(address)}">${escapeHtml(token?.content || address)}</a>`;
};

const ALLOWED = {
  ALLOWED_TAGS: [
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre",
    "code", "em", "strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td",
  ],
  ALLOWED_ATTR: ["href", "title", "start"],
  ALLOWED_URI_REGEXP: /^https?:\/\//i,
};

// The headings of a note stand below the page's own: an h1 inside would be a second one.
DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
});

/** Markdown as HTML that runs nothing and loads nothing: links only to http(s). */
export function renderMarkdown(text: string): string {
  return DOMPurify.sanitize(markdown.render(text), ALLOWED)
    .replace(/<(\/?)h([1-4])>/g, (_, slash: string, level: string) => `<${slash}h${Number(level) + 2}>`);
}
