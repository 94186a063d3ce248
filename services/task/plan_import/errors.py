"""Why a document cannot become a draft, each with what the office can do about it."""

from __future__ import annotations

from typing import ClassVar


class PlanImportError(Exception):
    """A refusal; `code` is stable, the sentences are for people."""

    code: ClassVar[str]
    zh: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(f"{self.zh.format(**details)} / {self.en.format(**details)}")

    def sentence(self, language: str = "zh") -> str:
        return (self.en if language.startswith("en") else self.zh).format(**self.details)


class EmptyDocument(PlanImportError):
    code = "document-empty"
    zh = "文件里没有文字，请上传方案正文。"
    en = "The file holds no text; upload the text of the plan."


class DocumentTooLarge(PlanImportError):
    code = "document-too-large"
    zh = "文件超过{limit}兆字节，请只上传方案正文，去掉图片和无关附件。"
    en = "The file exceeds {limit} MB; upload the text of the plan only, without pictures and other annexes."


class DocumentExpandsTooMuch(PlanImportError):
    code = "document-expands-too-much"
    zh = "压缩文件展开后过大，无法安全打开；请在文字处理软件中另存为新的.docx再上传。"
    en = "The archive expands beyond what can be opened safely; save it as a new .docx and upload that."


class FormatNotSupported(PlanImportError):
    code = "format-not-supported"
    zh = "不支持这种文件（{name}）；请上传.txt、.docx或带文字的.pdf，旧的.doc请另存为.docx。"
    en = "This kind of file ({name}) is not supported; upload .txt, .docx or a .pdf with text, and save an old .doc as .docx."


class DocumentDamaged(PlanImportError):
    code = "document-damaged"
    zh = "文件已损坏，无法读取；请在原软件中打开并另存后再上传。"
    en = "The file is damaged and cannot be read; open it in its own program, save it again and upload that."


class PdfEncrypted(PlanImportError):
    code = "pdf-encrypted"
    zh = "该PDF设有密码；请取消密码保护后再上传。"
    en = "The PDF is protected by a password; remove the protection and upload it again."


class PdfWithoutText(PlanImportError):
    code = "pdf-without-text"
    zh = "该PDF是扫描图片，没有文字；请上传原来的文字版，或先做文字识别并核对。"
    en = "The PDF is a scan without text; upload the original, or run text recognition and check the result first."


class EncodingUnknown(PlanImportError):
    code = "encoding-unknown"
    zh = "文本的编码无法识别，或混用了几种编码；请另存为UTF-8再上传。"
    en = "The text's encoding is unknown or mixed; save it as UTF-8 and upload it again."


class NotAPlan(PlanImportError):
    code = "not-a-plan"
    zh = "没有找到编号的措施或责任单位；请确认上传的是行动方案的正文，表格要带表头。"
    en = "No numbered measures or responsible units were found; check that this is the text of a plan and that tables have a header."


class ItemUnknown(PlanImportError):
    code = "draft-item-unknown"
    zh = "草稿里没有“{item}”这一项；请刷新草稿后重试。"
    en = "The draft has no item {item}; reload the draft and try again."


class EditNotAllowed(PlanImportError):
    code = "draft-edit-not-allowed"
    zh = "“{item}”这一项不能修改字段：{fields}。"
    en = "These fields of item {item} cannot be edited: {fields}."


class ItemsUnresolved(PlanImportError):
    code = "draft-items-unresolved"
    zh = "还有{count}项未解决，不能生成方案：{items}。"
    en = "{count} items are still unresolved, so no plan can be produced: {items}."
