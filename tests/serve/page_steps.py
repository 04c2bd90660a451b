"""What a user does on the page."""

TEXT = "my parcel is late again"


def label(page, text):
    """Type a text, press the button, wait for the answers."""
    page.get_by_label("Text", exact=True).fill(text)
    with page.expect_response("**/v1/predict"):
        page.get_by_role("button", name="Label the text").click()
    page.locator("#answers:not([aria-busy]) article").first.wait_for()


def articles(page):
    return page.locator("#answers article")


def upload(page, content, name="rows.csv"):
    """Pick a file and have it labelled; its bytes, or a string of them."""
    body = content if isinstance(content, bytes) else content.encode()
    page.locator("#file:enabled").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": body}
    )
    page.get_by_role("button", name="Label the rows").click()
