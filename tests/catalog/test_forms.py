"""The form that clerks fill: what goes out comes back, and each fault is told by its cell."""

import gc
import io
import json
from enum import StrEnum
from typing import Any

import pytest
import xlsxwriter
from catalog.factories import fresh_code, matter_content
from hypothesis import example, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from catalog_service.errors import ImportFaulty
from catalog_service.matters import vocabulary
from catalog_service.matters.content import MatterContent
from catalog_service.matters.words import chinese, meant
from catalog_service.transfer.cells import CellFault, read, shown
from catalog_service.transfer.errors import FileUnreadable
from catalog_service.transfer.exports import AT_ONCE
from catalog_service.transfer.files import csv_head, csv_row, read_csv, read_xlsx
from catalog_service.transfer.filled import matters_of
from catalog_service.transfer.form import Column, Kind, sheets
from catalog_service.transfer.packing import FormBook, workbook_of
from support.house import ROOT
from tongban.testing.fixtures import RunningService

KINDS = [one for one in vars(vocabulary).values() if isinstance(one, type(StrEnum)) and len(one)]
XIAN = ROOT / "deploy/districts/xian-hitech/matters.json"


def contents(*matters: dict[str, Any]) -> list[dict[str, Any]]:
    return [MatterContent.model_validate(one).model_dump(mode="json") for one in matters]


def changed(**cells: dict[tuple[int, int], Any]) -> bytes:
    """Return a filled workbook, written anew with some cells of some sheets changed."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook_of(contents(matter_content()))))
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as copy:
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            page = copy.add_worksheet(name)
            for row, cells_of in enumerate(rows):
                page.write_row(row, 0, cells_of)
            for (row, column), value in cells.get(name, {}).items():
                page.write(row, column, value)
    return written.getvalue()


def faults_of(content: bytes) -> list[tuple[Any, ...]]:
    with pytest.raises(ImportFaulty) as refusal:
        matters_of(read_xlsx(content))
    return [(one.sheet, one.row, one.column) for one in refusal.value.errors]


def place_of(sheet: str, column: str) -> int:
    found = next(one for one in sheets() if one.name == sheet)
    return [one.name for one in found.all_columns].index(column)


def test_a_table_says_what_the_catalog_says() -> None:
    matters = [MatterContent.model_validate(one) for one in json.loads(XIAN.read_text())["matters"]]
    rows = [csv_row(one.model_dump(mode="json")) for one in matters]

    assert matters_of(read_csv(csv_head() + b"".join(rows))) == matters


def test_a_table_saved_by_a_chinese_spreadsheet_is_read() -> None:
    [content] = contents(matter_content())
    saved = (csv_head() + csv_row(content)).decode("utf-8-sig").encode("gb18030")

    assert [one.code for one in matters_of(read_csv(saved))] == [content["code"]]


def test_nothing_that_somebody_typed_becomes_a_formula() -> None:
    [content] = contents(matter_content(summary="=HYPERLINK(1)"))

    row = csv_row(content)
    book = workbook_of([content])

    assert b"'=HYPERLINK(1)" in row
    assert matters_of(read_csv(csv_head() + row))[0].summary == "=HYPERLINK(1)"
    assert matters_of(read_xlsx(book))[0].summary == "=HYPERLINK(1)"


def test_a_workbook_is_sent_while_it_is_filled_and_says_what_the_catalog_says() -> None:
    matters = [
        MatterContent.model_validate(one).model_dump(mode="json")
        for one in json.loads(XIAN.read_text())["matters"]
    ]

    with FormBook() as book:
        begun = [book.fill(matters[at : at + AT_ONCE]) for at in range(0, len(matters), AT_ONCE)]
        ended = [*book.rest()]

    assert all(begun), "no part waits for the next"
    assert max(map(len, [*begun, *ended])) < 128 * 1024
    back = matters_of(read_xlsx(b"".join(begun + ended)))
    assert [one.model_dump(mode="json") for one in back] == matters


def test_whoever_leaves_in_the_middle_leaves_nothing_behind() -> None:
    with FormBook() as book:
        book.fill(contents(matter_content()))
        rest = book.rest()
        next(rest)
    del rest, book

    assert gc.collect() >= 0  # what could not be closed would be told here, and fail the test


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff"))))
@example(["_x0041_", "__x000D_", "a\rb\r\nc\td", " on both sides ", "<&>\"'", "\x00\x1f"])
def test_any_text_stands_in_its_cell_as_it_is(texts: list[str]) -> None:
    [content] = contents(matter_content())
    book = workbook_of([{**content, "summary": text} for text in texts])

    page = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_name("事项").to_python()

    assert [row[place_of("matters", "summary")] for row in page[1:]] == texts


def test_the_template_has_every_sheet_headings_words_and_instructions() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook_of([])))

    assert book.sheet_names == [*(one.title for one in sheets()), "填写说明", "词表"]
    first = book.get_sheet_by_name("事项").to_python()
    assert "实施编码 (code)" in first[0]
    assert len(first) == 1
    told = str(book.get_sheet_by_name("填写说明").to_python())
    assert "行政许可" in told
    assert "licence" in told
    assert "商事登记" in str(book.get_sheet_by_name("词表").to_python())


def test_faults_are_told_by_sheet_row_and_column() -> None:
    promised, kind = place_of("matters", "promised_days"), place_of("matters", "matter_type")
    when, copies = place_of("materials", "when"), place_of("materials", "copies")

    faults = faults_of(
        changed(
            事项={(1, promised): "很快", (1, kind): "许可证"},
            申请材料={(1, when): "has_canteen 等于 yes", (2, copies): 101},
        )
    )

    assert set(faults) == {
        ("事项", 2, "承诺办结时限 (promised_days)"),
        ("事项", 2, "事项类型 (matter_type)"),
        ("申请材料", 2, "适用条件 (when)"),
        ("申请材料", 3, "份数 (copies)"),
    }


def test_what_does_not_fit_together_is_told_by_its_cell() -> None:
    promised, when = place_of("matters", "promised_days"), place_of("materials", "when")

    faults = faults_of(changed(事项={(1, promised): 21}, 申请材料={(1, when): "nobody_asks=yes"}))

    assert set(faults) == {
        ("事项", 2, "承诺办结时限 (promised_days)"),
        ("申请材料", 2, "适用条件 (when)"),
    }


def test_a_part_of_no_matter_is_told() -> None:
    assert faults_of(changed(申请材料={(1, 0): "nobody's"})) == [
        ("申请材料", 2, "所属事项编码 (matter)")
    ]


def test_headings_that_the_template_lacks_are_told() -> None:
    faults = faults_of(changed(事项={(0, 1): "名字"}))

    assert ("事项", 1, "名字") in faults
    assert ("事项", 1, "名称 (name)") in faults


def test_an_empty_form_is_told() -> None:
    with pytest.raises(ImportFaulty):
        matters_of(read_xlsx(workbook_of([])))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe", "编码,名称".encode() * 9])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read_xlsx(content)


def test_a_workbook_that_claims_a_huge_sheet_is_refused_before_it_is_read() -> None:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as book:
        book.add_worksheet("事项").write(1_000_000, 16_000, "far away")

    with pytest.raises(FileUnreadable):
        read_xlsx(written.getvalue())


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        (Kind.FLAG, True, "是"),
        (Kind.WORDS, ["a", "b"], "a；b"),
        (Kind.WORDS, ["a；b"], '["a；b"]'),
        (Kind.CONDITION, {"fact": "x", "is": "yes"}, "x=yes"),
        (
            Kind.CONDITION,
            {"all": [{"fact": "x", "is": "yes"}, {"fact": "y", "is": "no"}]},
            "x=yes & y=no",
        ),
        (Kind.CONDITION, {"fact": "x", "is": True}, '{"fact": "x", "is": true}'),
        (
            Kind.CONDITION,
            {"all": [{"fact": "x", "is": "y"}]},
            '{"all": [{"fact": "x", "is": "y"}]}',
        ),
        (Kind.INTEGER, 5, 5),
        (Kind.TEXT, "五", "五"),
    ],
)
def test_a_cell_says_the_value_and_the_value_the_cell(kind: Kind, value: Any, cell: Any) -> None:
    column = Column("x", kind)

    assert shown(column, value) == cell
    assert read(column, cell) == value


@pytest.mark.parametrize(
    ("kind", "cell"),
    [(Kind.INTEGER, "many"), (Kind.FLAG, "perhaps"), (Kind.JSON, "{"), (Kind.CONDITION, "x>1")],
)
def test_a_cell_that_cannot_be_read_says_so(kind: Kind, cell: str) -> None:
    with pytest.raises(CellFault):
        read(Column("x", kind), cell)


@pytest.mark.parametrize("kind", KINDS)
def test_each_word_means_one_value(kind: type[StrEnum]) -> None:
    words = [chinese(kind.__name__, one.value) for one in kind]

    assert len(set(words)) == len(words)
    assert [meant(kind, word) for word in words] == [one.value for one in kind]


@pytest.mark.parametrize("kind", KINDS)
def test_each_value_has_a_chinese_word(kind: type[StrEnum]) -> None:
    assert not [one for one in kind if chinese(kind.__name__, one.value) == one.value]


async def test_a_form_is_imported_all_or_nothing(catalog: RunningService) -> None:
    content = matter_content()
    [told] = contents(content)
    admin = catalog.district.headers("admin")
    path = "/api/v1/catalog/import.xlsx?publish=true"

    tried = await catalog.client.post(
        f"{path}&dry_run=true", content=workbook_of([told]), headers=admin
    )
    done = await catalog.client.post(path, content=workbook_of([told]), headers=admin)
    online = {**told, "code": fresh_code(), "channels": ["online"]}
    refused = await catalog.client.post(path, content=workbook_of([online, told]), headers=admin)

    assert (tried.json()["created"], tried.json()["is_dry_run"]) == (1, True)
    assert (done.json()["created"], done.json()["published"]) == (1, 1)
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["sheet"], fault["row"], fault["column"]) == ("事项", 2, "办理渠道 (channels)")
    assert (await catalog.client.get(f"/api/v1/matters/{online['code']}")).status_code == 404


async def test_a_table_is_imported_with_faults_by_row_and_column(catalog: RunningService) -> None:
    good, bad = contents(matter_content(), matter_content())
    bad |= {"promised_days": 99}

    refused = await catalog.client.post(
        "/api/v1/catalog/import.csv",
        content=csv_head() + csv_row(good) + csv_row(bad),
        headers=catalog.district.headers("catalog_editor"),
    )
    done = await catalog.client.post(
        "/api/v1/catalog/import.csv",
        content=csv_head() + csv_row(good),
        headers=catalog.district.headers("catalog_editor"),
    )

    [fault] = refused.json()["errors"]
    assert (fault["row"], fault["column"]) == (3, "承诺办结时限 (promised_days)")
    assert "承诺" in fault["detail"]
    assert done.json()["created"] == 1


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_an_exported_form_changes_nothing(catalog: RunningService, kind: str) -> None:
    admin = catalog.district.headers("admin")
    await catalog.client.post(
        "/api/v1/catalog/import?publish=true", json={"matters": [matter_content()]}, headers=admin
    )
    exported = await catalog.client.get(f"/api/v1/catalog/export.{kind}", headers=admin)

    again = await catalog.client.post(
        f"/api/v1/catalog/import.{kind}?publish=true", content=exported.content, headers=admin
    )

    assert again.status_code == 200, again.text[:2000]
    assert (again.json()["created"], again.json()["updated"]) == (0, 0)
    assert again.json()["unchanged"] > 0


async def test_the_template_is_downloaded(catalog: RunningService) -> None:
    answer = await catalog.client.get(
        "/api/v1/catalog/template.xlsx", headers=catalog.district.headers("catalog_editor")
    )

    assert answer.status_code == 200
    assert 'filename="template.xlsx"' in answer.headers["content-disposition"]
    assert "事项" in CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).sheet_names


@pytest.mark.parametrize("role", ["citizen", "clerk", None])
@pytest.mark.parametrize("name", ["template.xlsx", "export.csv", "export.xlsx", "export.jsonld"])
async def test_files_are_for_editors(catalog: RunningService, name: str, role: str | None) -> None:
    headers = catalog.district.headers(role) if role else {}

    answer = await catalog.client.get(f"/api/v1/catalog/{name}", headers=headers)

    assert answer.status_code in (401, 403)


async def test_a_form_that_is_none_is_refused(catalog: RunningService) -> None:
    admin = catalog.district.headers("admin")

    unreadable = await catalog.client.post(
        "/api/v1/catalog/import.xlsx", content=b"no workbook", headers=admin
    )
    too_large = await catalog.client.post(
        "/api/v1/catalog/import.csv", content=b"x" * (21 * 1024 * 1024), headers=admin
    )

    assert unreadable.status_code == 422
    assert unreadable.json()["type"].endswith("file-unreadable")
    assert too_large.status_code == 413
